"""What the house can sweep, one subject a file; a new task is a function under `sweep_task`, here or anywhere."""
