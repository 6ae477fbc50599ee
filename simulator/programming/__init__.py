"""Writing a matrix into cells: one go, write-verify, and the report of both."""
