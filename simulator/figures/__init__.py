"""Pictures of arrays and of programming. Only doors (`ProgrammingReport.plot` and its like) import this folder."""
