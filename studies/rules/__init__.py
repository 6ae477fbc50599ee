"""The study of update rules that `revpath rules` runs."""
