"""The picture of all devices in the README, from the library as it is: python docs/gallery.py"""

from pathlib import Path

from revpath.devices import gallery

if __name__ == "__main__":
    gallery().savefig(Path(__file__).parent / "devices.png", dpi=110)
