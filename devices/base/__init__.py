"""What every room stands on: records, errors, units, files, lazy names, the compiler. It imports nothing of the house."""
