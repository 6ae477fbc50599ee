"""Published results run again: each row a command, a target and what came out. It imports no compared contender."""
