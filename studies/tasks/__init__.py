"""What is learned: texts and small made-up problems."""
