"""The mkdocs plugin `stylezoo`, for the sites of plugin authors and of stylezoo.

With ``plugins: [search, stylezoo]`` in mkdocs.yml, a line ``{{ zoo stylezoo-glow }}`` in a page becomes the reference
of that distribution's plugins; see `stylezoo.docs.pages.filled` for the other markers.
"""

import os

from mkdocs.config import base, config_options
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from stylezoo.docs import pages
from stylezoo.errors import UnknownPlugin


class Settings(base.Config):
    """The settings of the plugin in mkdocs.yml."""

    # The section in which every installed distribution of plugins but stylezoo gets a page; None: no pages.
    installed = config_options.Optional(config_options.Type(str))


class Pages(BasePlugin[Settings]):
    """Documents installed plugins in the pages of a site."""

    def on_config(self, config):
        self.distributions = pages.third_party() if self.config.installed else {}
        if self.distributions and config.nav is not None:
            config.nav.append({self.config.installed: [{name: self._path(name)} for name in self.distributions]})
        return config

    def on_files(self, files, config):
        for name, content in self.distributions.items():
            files.append(File.generated(config, self._path(name), content=content))
        return files

    def on_page_markdown(self, markdown, page, **_):
        file = page.file.abs_src_path  # None: a page that is generated, which has no markers
        try:
            return pages.filled(markdown, file and os.path.dirname(file))
        except UnknownPlugin as error:
            raise PluginError(f"A page names plugins that are not installed. {error}") from error

    def _path(self, name):
        return f"installed/{name}.md"
