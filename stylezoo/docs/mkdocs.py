"""The mkdocs plugin `stylezoo`, for the sites of plugin authors and for our own.

With ``plugins: [search, stylezoo]`` in mkdocs.yml, a line ``{{ zoo stylezoo-glow }}`` in a page becomes the reference
of that distribution's plugins; see `stylezoo.docs.pages.filled` for the other markers.
"""

from mkdocs.config import base, config_options
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from stylezoo.docs import pages
from stylezoo.errors import UnknownPlugin


class Settings(base.Config):
    """What can be set on the plugin in mkdocs.yml."""

    # Whether every installed distribution of plugins but stylezoo gets a page of its own, in this section.
    installed = config_options.Optional(config_options.Type(str))


class Pages(BasePlugin[Settings]):
    """Puts what is installed into the pages of a site."""

    def on_config(self, config):
        self.strangers = pages.strangers() if self.config.installed else {}
        if self.strangers and config.nav is not None:
            config.nav.append({self.config.installed: [{name: self._path(name)} for name in self.strangers]})
        return config

    def on_files(self, files, config):
        for name, content in self.strangers.items():
            files.append(File.generated(config, self._path(name), content=content))
        return files

    def on_page_markdown(self, markdown, **_):
        try:
            return pages.filled(markdown)
        except UnknownPlugin as error:
            raise PluginError(f"A page asks for plugins that are not there. {error}") from error

    def _path(self, name):
        return f"installed/{name}.md"
