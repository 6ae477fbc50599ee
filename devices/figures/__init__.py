"""Pictures of devices, of the gallery and of fits to traces.

Only doors (`Device.plot` and its like) import this folder.
"""
