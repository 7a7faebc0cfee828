"""Sphinx configuration: everything is built offline from the installed package."""

import re
import sys
from pathlib import Path

import geomsci

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "geomsci"
author = "The geomsci developers"
project_copyright = author
version = release = geomsci.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "myst_parser",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "capability_tables",
    "embedding_curves",
    "measurements",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples/README.rst", "gallery/**/*.ipynb"]
default_role = "py:obj"
nitpicky = False
smartquotes = False  # options such as --quick keep their two dashes

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "geomsci"
html_static_path = ["_static"]
html_css_files = ["geomsci.css"]
html_logo = "_static/geomsci.svg"
html_favicon = "_static/geomsci.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "geomsci"},
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
}
# Pages without pages below them have nothing to show in the left sidebar.
_LEAVES = (
    "backends",
    "benchmarks",
    "changelog",
    "contributing",
    "decisions",
    "eeg",
    "embedding",
    "entropic",
    "fisher",
    "index",
    "sampling",
    "spd",
)
html_sidebars = {page: [] for page in _LEAVES}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "/plot_",
    "doc_module": ("geomsci",),
    "reference_url": {"geomsci": None},
    "abort_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib",),
}

# Methods that scikit-learn adds to every estimator, with links into its own manual.
_ADDED = re.compile(r"get_metadata_routing|set_output|set_\w+_request")


def _skip_added(app, what, name, obj, skip, options):
    return True if _ADDED.fullmatch(name) else skip


def setup(app):
    """Leave out the methods that say nothing about this package."""
    app.connect("autodoc-skip-member", _skip_added)
