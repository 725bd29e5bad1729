"""How Sphinx builds these pages: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The tables are written from the library's own source.
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]

project = "channels-celery"
author = "the authors of channels-celery"
extensions = ["myst_parser", "sphinx.ext.graphviz", "source_tables"]
exclude_patterns = ["vectors", "extensions"]
myst_heading_anchors = 3
graphviz_output_format = "svg"
html_theme = "furo"
html_title = "channels-celery"
# Nothing is fetched when a page is read.
html_theme_options = {
    f"{theme}_css_variables": {"color-brand-primary": teal, "color-brand-content": teal}
    for theme, teal in (("light", "#0f6b66"), ("dark", "#5cc4bb"))
}
html_static_path = ["static"]
html_css_files = ["pictures.css"]
html_show_sourcelink = False
html_show_copyright = False
