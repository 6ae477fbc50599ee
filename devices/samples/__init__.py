"""Example files of pulse traces. What is synthetic says so in its first line."""
