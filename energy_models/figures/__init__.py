"""Pictures and pages of bills, claims, chips and runs. Only doors (`Bill.plot` and its like) import this folder."""
