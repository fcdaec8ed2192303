# Sphinx's settings for the static site; site.py writes the pages that Sphinx reads.
import os

project = 'Lifoguard'
release = version = os.environ['LIFOGUARD_VERSION']
project_copyright = 'the Lifoguard authors'
extensions = ['myst_parser', 'sphinx.ext.graphviz']
myst_all_links_external = True  # site.py has written the links for the site, and links.py checks them
myst_enable_extensions = []
graphviz_output_format = 'svg'
exclude_patterns = []

# (Of Debian 12's themes with a menu for phones, furo has a script that no browser runs.)
html_theme = 'sphinx_rtd_theme'
html_theme_options = {'collapse_navigation': True, 'navigation_depth': 2, 'style_external_links': False}
html_title = f'Lifoguard {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_last_updated_fmt = None
html_extra_path = ['extra']
