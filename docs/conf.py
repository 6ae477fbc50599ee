"""The site: ``python -m sphinx -W --keep-going docs build/site``. Nothing is fetched; what is generated lies in docs/_made.

Notebooks are run where REVPATH_SITE_NOTEBOOKS=run, and kept in a cache; else they are shown as they are in the checkout.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from revpath import __version__  # noqa: E402

project, author, copyright = "revpath", "The revpath developers", "The revpath developers, Apache-2.0"
version = release = __version__
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",
    "links",
    "made",
]
exclude_patterns = ["_build", "_templates", "**.ipynb_checkpoints"]
templates_path = ["_templates"]
default_role = "py:obj"
suppress_warnings = ["ref.python"]  # an attribute that several models have, named in the docstring of one

autodoc_typehints = "none"  # types stand in the docstrings
autodoc_member_order = "bysource"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache" if os.environ.get("REVPATH_SITE_NOTEBOOKS") == "run" else "off"
nb_execution_timeout, nb_execution_raise_on_error = 600, True
copybutton_prompt_text, copybutton_prompt_is_regexp = r">>> |\.\.\. |\$ ", True

html_theme = "pydata_sphinx_theme"
html_title = f"revpath {release}"
html_static_path, html_css_files = ["_static"], ["revpath.css"]
html_show_sourcelink = False
html_last_updated_fmt = None  # the same pages from the same sources
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
