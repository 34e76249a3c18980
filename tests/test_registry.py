import itertools
import shutil
import sys
import zipfile

import pytest

from stylezoo.catalogue import needs, registry
from stylezoo.errors import BrokenPlugin, PluginConflict, UnknownPlugin

HEAVY = "keras tensorflow numpy PIL stylezoo_builtins acme_style acme_missing acme_exits rival_losses"


def write_distribution(folder, stem, entry_points="", metadata=""):
    """A metadata folder as pip would leave it; `stem` is its whole name."""
    place = folder / stem
    place.mkdir(parents=True)
    if entry_points:
        place.joinpath("entry_points.txt").write_text(entry_points, encoding="utf-8")
    if metadata:
        place.joinpath("METADATA").write_text(metadata, encoding="utf-8")


def offered_by(distribution):
    return {p.name: p for p in registry.plugins() if p.distribution == distribution}


# Finding


def test_a_strangers_plugins_are_found_beside_the_built_in_ones(third_party):
    third_party("acme")
    assert {(p.kind, p.name, p.owner, p.target) for p in offered_by("acme-style").values()} == {
        ("loss", "charbonnier", "acme-style 1.0", "acme_style:Charbonnier"),
        ("generator", "retouch", "acme-style 1.0", "acme_style:retouch"),
        ("model", "acme-retouch", "acme-style 1.0", "acme_style:recipe"),
    }
    assert registry.find("loss", "lsgan").distribution == "stylezoo"


def test_a_strangers_component_is_loaded_from_its_module(third_party):
    third_party("acme")
    component = registry.find("loss", "charbonnier").load()
    assert (component.__module__, component.__name__) == ("acme_style", "Charbonnier")


def test_finding_imports_no_plugin_and_nothing_heavy(python):
    code = f"""
import sys
from stylezoo.catalogue import needs, registry
assert registry.find("loss", "charbonnier", home="acme-style") in registry.plugins("loss")
registry.faults()
print([name for name in {HEAVY.split()!r} if name in sys.modules])
"""
    done = python("-c", code, installed=["acme", "missing", "exits", "rival", "unreadable", "unreadable_ours"])
    assert done.stderr == ""
    assert done.stdout == "[]\n"


def test_plugins_come_by_kind_then_name_then_distribution(third_party):
    third_party("rival", "acme", "missing")
    found = registry.plugins()
    kinds = ["style", "model", "generator", "discriminator", "loss", "metric"]
    assert [(kinds.index(p.kind), p.name, p.distribution.lower()) for p in found] == sorted(
        (kinds.index(p.kind), p.name, p.distribution.lower()) for p in found
    )
    assert registry.plugins("loss") == [p for p in found if p.kind == "loss"]


def test_the_order_of_folders_does_not_change_the_list(third_party, monkeypatch):
    third_party("acme", "rival", "missing")
    lists = []
    for first in itertools.permutations(sys.path[:3]):
        monkeypatch.setattr(sys, "path", [*first, *sys.path[3:]])
        lists.append(registry.plugins())
    assert all(each == lists[0] for each in lists)


def test_paths_that_are_no_folders_are_passed_over(third_party, monkeypatch, tmp_path):
    third_party("acme")
    text = tmp_path / "file.txt"
    text.write_text("no folder")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("module.py", "")
    monkeypatch.setattr(sys, "path", [str(text), str(tmp_path / "archive.zip"), str(tmp_path / "gone"), *sys.path])
    assert "charbonnier" in offered_by("acme-style")


def test_a_path_object_and_the_current_folder_are_searched(tmp_path, monkeypatch):
    write_distribution(tmp_path / "a", "first-1.0.dist-info", "[stylezoo.losses]\none = first:One\n")
    write_distribution(tmp_path / "b", "second-1.0.dist-info", "[stylezoo.losses]\ntwo = second:Two\n")
    monkeypatch.chdir(tmp_path / "b")
    monkeypatch.setattr(sys, "path", [tmp_path / "a", "", *sys.path])
    assert offered_by("first")
    assert offered_by("second")


@pytest.mark.parametrize("name", ["My-Loss", "loss.v2", "größer", "a b", "what!"])
def test_a_name_is_kept_as_its_author_wrote_it(name, tmp_path, monkeypatch):
    write_distribution(tmp_path, "odd-1.0.dist-info", f"[stylezoo.losses]\n{name} = odd:Loss\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("loss", name).target == "odd:Loss"


def test_other_groups_and_the_default_section_do_not_leak_in(tmp_path, monkeypatch):
    tables = "[DEFAULT]\nleak = odd:Leak\n[stylezoo.losses]\nmine = odd:Mine\n[stylezoo.other]\nnot = odd:Not\n"
    write_distribution(tmp_path, "odd-1.0.dist-info", tables)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(offered_by("odd")) == ["mine"]


def test_metadata_says_how_the_project_is_spelled(tmp_path, monkeypatch):
    write_distribution(
        tmp_path, "my_loss-1.0.dist-info", "[stylezoo.losses]\nmine = m:M\n", "Name: My.Loss\nVersion: 1.0.post2\n\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("loss", "mine").qualified == "My.Loss/mine"
    assert registry.find("loss", "mine").owner == "My.Loss 1.0.post2"


def test_without_metadata_the_folder_says_name_and_version(tmp_path, monkeypatch):
    write_distribution(tmp_path, "my_loss-2.5.dist-info", "[stylezoo.losses]\nmine = m:M\n")
    write_distribution(tmp_path, "nover.dist-info", "[stylezoo.losses]\nother = m:M\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("loss", "mine").owner == "my_loss 2.5"
    assert registry.find("loss", "other").owner == "nover"


# Names


def test_an_unknown_name_gets_a_hint_and_the_whole_list():
    with pytest.raises(UnknownPlugin) as caught:
        registry.find("loss", "lsgna")
    assert "No loss is named 'lsgna'. Did you mean 'lsgan'?" in str(caught.value)
    assert all(plugin.name in str(caught.value) for plugin in registry.plugins("loss"))


def test_a_name_is_looked_for_in_its_own_kind_only():
    with pytest.raises(UnknownPlugin, match="No generator is named 'lsgan'"):
        registry.find("generator", "lsgan")


def test_a_name_of_a_distribution_that_is_not_there_says_who_offers_it():
    with pytest.raises(UnknownPlugin, match=r"'nobody' is not installed or offers no loss 'lsgan'.*stylezoo/lsgan"):
        registry.find("loss", "nobody/lsgan")


def test_a_bare_name_with_two_owners_is_refused_and_both_are_named(third_party):
    third_party("rival")
    with pytest.raises(PluginConflict) as caught:
        registry.find("loss", "lsgan")
    message = str(caught.value)
    assert all(part in message for part in ("Rival.Losses 1.1", "stylezoo 0.", "Rival.Losses/lsgan", "stylezoo/lsgan"))


@pytest.mark.parametrize("owner", ["Rival.Losses", "rival-losses", "rival_losses", "RIVAL--LOSSES"])
def test_the_distribution_tells_two_owners_apart_however_it_is_spelled(owner, third_party):
    third_party("rival")
    assert registry.find("loss", f"{owner}/lsgan").target == "rival_losses:Tripled"
    assert registry.find("loss", "stylezoo/lsgan").target == "stylezoo_builtins.losses.lsgan:LSGAN"


@pytest.mark.parametrize(("home", "owner"), [("stylezoo", "stylezoo"), ("rival_losses", "Rival.Losses")])
def test_a_bare_name_means_the_plugin_of_its_home_first(home, owner, third_party):
    third_party("rival")
    assert registry.find("loss", "lsgan", home=home).distribution == owner


def test_a_home_that_is_no_owner_settles_no_conflict(third_party):
    third_party("rival", "acme")
    with pytest.raises(PluginConflict):
        registry.find("loss", "lsgan", home="acme-style")
    assert registry.find("loss", "hinge", home="acme-style").distribution == "stylezoo"


def test_a_qualified_name_is_stronger_than_the_home(third_party):
    third_party("rival")
    assert registry.find("loss", "rival-losses/lsgan", home="stylezoo").distribution == "Rival.Losses"


# What is broken breaks only itself


@pytest.mark.parametrize(
    ("folder", "name", "owner", "reason"),
    [
        ("missing", "dreamy", "acme-missing 0.3", "ModuleNotFoundError: No module named 'a_package_that_nobody_has'"),
        ("missing", "gone", "acme-missing 0.3", "ModuleNotFoundError: No module named"),
        ("exits", "leaving", "acme-exits 2.0", "SystemExit: 7"),
        ("malformed", "dashed", "acme-malformed 1.0", "'my-module:Loss' is not of the form 'package.module:object'"),
        ("malformed", "moduleonly", "acme-malformed 1.0", "is not of the form 'package.module:object'"),
    ],
)
def test_a_broken_plugin_is_listed_and_its_error_names_owner_and_reason(folder, name, owner, reason, third_party):
    third_party(folder)
    plugin = registry.find("loss", name)
    with pytest.raises(BrokenPlugin) as caught:
        plugin.load()
    message = str(caught.value)
    assert f"The loss '{name}' of {owner}" in message
    assert reason in message
    assert f"pip uninstall {plugin.distribution}" in message
    assert "\n" not in message


def test_beside_broken_plugins_everything_else_works(third_party):
    third_party("missing", "exits", "malformed", "unreadable", "unreadable_ours", "acme")
    assert {"dreamy", "leaving", "dashed"} < {p.name for p in registry.plugins("loss")}
    for name in ("acme-style/charbonnier", "stylezoo/lsgan"):
        assert isinstance(registry.find("loss", name).load(), type)


def test_a_missing_object_is_a_broken_plugin(tmp_path, monkeypatch):
    write_distribution(tmp_path, "typo-1.0.dist-info", "[stylezoo.losses]\ntypo = json:NoSuchLoss\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BrokenPlugin, match=r"AttributeError.*NoSuchLoss"):
        registry.find("loss", "typo").load()


def test_ctrl_c_during_an_import_is_not_swallowed(tmp_path, monkeypatch):
    write_distribution(tmp_path, "slow-1.0.dist-info", "[stylezoo.losses]\nslow = acme_interrupted:Loss\n")
    (tmp_path / "acme_interrupted.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        registry.find("loss", "slow").load()


def test_unreadable_tables_of_unrelated_distributions_are_none_of_our_business(third_party):
    before = registry.plugins()
    third_party("unreadable")
    assert registry.plugins() == before
    assert registry.faults() == []


def test_an_unreadable_table_of_ours_is_told_with_its_file(third_party):
    third_party("unreadable_ours", "acme")
    headless, latin = sorted(registry.faults())
    assert "headless_loss-1.0.dist-info" in headless
    assert "entry_points.txt" in headless
    assert "latin_loss-1.0.dist-info" in latin
    assert not any("\n" in line for line in (headless, latin))
    assert "charbonnier" in offered_by("acme-style")


def test_a_table_that_is_written_in_two_pieces_is_read_whole(third_party):
    third_party("unreadable_ours")
    assert set(offered_by("doubled-loss")) == {"one", "two"}


def test_percent_signs_and_a_byte_order_mark_do_no_harm(tmp_path, monkeypatch):
    write_distribution(tmp_path, "odd-1.0.dist-info", "\ufeff[stylezoo.losses]\nodd = odd:Odd\nfifty = odd:50%\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert set(offered_by("odd")) == {"odd", "fifty"}


# Ghosts: what older installs have left behind


def test_an_older_version_further_back_on_the_path_is_not_seen(tmp_path, monkeypatch):
    write_distribution(tmp_path / "front", "acme_ghost-2.0.dist-info")  # the new version offers nothing any more
    write_distribution(tmp_path / "back", "Acme.Ghost-1.0.dist-info", "[stylezoo.losses]\nghost = ghost:Ghost\n")
    monkeypatch.syspath_prepend(str(tmp_path / "back"))
    assert "ghost" in {p.name for p in registry.plugins("loss")}
    monkeypatch.syspath_prepend(str(tmp_path / "front"))
    assert "ghost" not in {p.name for p in registry.plugins("loss")}


def test_what_an_interrupted_pip_left_is_not_seen(tmp_path, monkeypatch):
    write_distribution(tmp_path, "~cme-1.0.dist-info", "[stylezoo.losses]\nghost = ghost:Ghost\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "ghost" not in {p.name for p in registry.plugins("loss")}


@pytest.mark.parametrize(("old", "new"), [("1.0", "1.0.1"), ("1.9", "1.10"), ("9.0", "10.0"), ("1", "1.1")])
def test_of_two_versions_in_one_folder_the_newer_counts(old, new, tmp_path, monkeypatch):
    write_distribution(tmp_path, f"acme_ghost-{old}.dist-info", "[stylezoo.losses]\nghost = ghost:Old\n")
    write_distribution(tmp_path, f"acme_ghost-{new}.dist-info", "[stylezoo.losses]\nghost = ghost:New\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("loss", "ghost").target == "ghost:New"


def test_an_egg_info_in_front_does_not_hide_the_installed_distribution(tmp_path, monkeypatch):
    write_distribution(tmp_path / "checkout", "acme_ghost.egg-info", "[stylezoo.losses]\nold = ghost:Old\n")
    write_distribution(tmp_path / "site", "acme_ghost-1.0.dist-info", "[stylezoo.losses]\nnew = ghost:New\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(tmp_path / "checkout"))
    assert set(offered_by("acme_ghost")) == {"new"}


def test_a_distribution_that_has_only_an_egg_info_is_found(tmp_path, monkeypatch):
    write_distribution(tmp_path, "acme_egg-1.0-py3.11.egg-info", "[stylezoo.losses]\negg = egg:Egg\n")
    (tmp_path / "flat-1.0.egg-info").write_text("Name: flat\n")  # distutils wrote a file, with no entry points
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("loss", "egg").owner == "acme_egg 1.0"


def test_the_same_project_in_two_folders_counts_once(tmp_path, monkeypatch):
    for folder in ("front", "back"):
        write_distribution(tmp_path / folder, "twice-1.0.dist-info", f"[stylezoo.losses]\ntwice = twice:{folder}\n")
        monkeypatch.syspath_prepend(str(tmp_path / folder))
    assert registry.find("loss", "twice").target == "twice:back"  # put in front last


def test_what_is_installed_and_removed_while_python_runs_is_seen(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    names = lambda: [plugin.name for plugin in registry.plugins("loss")]  # noqa: E731
    assert "late" not in names()
    write_distribution(tmp_path, "acme_late-1.0.dist-info", "[stylezoo.losses]\nlate = acme_late:Late\n")
    assert "late" in names()
    shutil.rmtree(tmp_path / "acme_late-1.0.dist-info")
    assert "late" not in names()


# The plugin API


@pytest.mark.parametrize(
    ("table", "reason", "advice"),
    [
        ("99 = stylezoo", f"it needs plugin API >= 99, this is {registry.API}", "pip install --upgrade stylezoo"),
        (
            "2 = stylezoo",
            "it was written for plugin API 2, and 3 is the oldest that is supported",
            "pip uninstall acme",
        ),
        ("latest = stylezoo", "names no version of the plugin API", "pip uninstall acme"),
    ],
)
def test_another_plugin_api_is_refused_before_the_import(table, reason, advice, tmp_path, monkeypatch):
    if "oldest" in reason:
        monkeypatch.setattr(registry, "API", 4)
        monkeypatch.setattr(registry, "OLDEST_API", 3)
    tables = f"[stylezoo.api]\n{table}\n[stylezoo.losses]\nglow = acme_never_imported:Glow\n"
    write_distribution(tmp_path, "acme-1.0.dist-info", tables)
    (tmp_path / "acme_never_imported.py").write_text("class Glow:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = registry.find("loss", "glow")
    assert reason in plugin.problem
    with pytest.raises(BrokenPlugin) as caught:
        plugin.load()
    assert reason in str(caught.value)
    assert advice in str(caught.value)
    assert "acme_never_imported" not in sys.modules


def test_a_distribution_without_the_table_was_written_for_the_first(third_party):
    third_party("acme")
    assert {plugin.api for plugin in offered_by("acme-style").values()} == {1}
    assert {plugin.api for plugin in offered_by("stylezoo").values()} == {registry.API}


# Names of strangers


@pytest.mark.parametrize("name", ["a\x1b[31mb", "soft\u202eglow", "a\u200bb", "a\x07"])
def test_a_name_with_control_characters_is_told_and_skipped(name, tmp_path, monkeypatch):
    write_distribution(tmp_path, "odd-1.0.dist-info", f"[stylezoo.losses]\n{name} = odd:Loss\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not offered_by("odd")
    (fault,) = registry.faults()
    assert "it has the name" in fault
    assert fault.isprintable()


@pytest.mark.parametrize("project", ["../../etc", "--index-url=http://evil", "a;rm", "-x", "x-", "größe", "a$(b)"])
def test_a_project_that_no_command_could_name_is_told_and_skipped(project, tmp_path, monkeypatch):
    write_distribution(
        tmp_path, "odd-1.0.dist-info", "[stylezoo.losses]\nmine = odd:L\n", f"Name: {project}\nVersion: 1\n\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not [plugin for plugin in registry.plugins() if plugin.name == "mine"]
    assert "no project can be called" in registry.faults()[0]


def test_a_version_that_is_none_is_left_out(tmp_path, monkeypatch):
    write_distribution(
        tmp_path, "odd-1.0.dist-info", "[stylezoo.losses]\nmine = odd:L\n", "Name: odd\nVersion: 1\x1b[2J\n\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert offered_by("odd")["mine"].owner == "odd"


def test_an_enormous_table_is_told_and_skipped(tmp_path, monkeypatch):
    write_distribution(tmp_path, "odd-1.0.dist-info", "[stylezoo.losses]\n" + "x = odd:L\n" * 200_000)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "more than 1048576 bytes" in registry.faults()[0]


@pytest.mark.parametrize("owner", ["../../etc", "a;rm -rf", "$(x)", "--pre"])
def test_no_command_names_what_is_no_distribution(owner):
    with pytest.raises(UnknownPlugin) as caught:
        registry.find("loss", f"{owner}/passwd")
    assert "pip install" not in str(caught.value)


# STYLEZOO_PLUGINS


def owners():
    return {plugin.distribution for plugin in registry.plugins()}


def test_the_variable_chooses_whose_plugins_are_used(third_party, monkeypatch):
    third_party("acme", "rival")
    assert owners() == {"stylezoo", "acme-style", "Rival.Losses"}
    for value, chosen in (
        ("", set()),
        ("Acme_Style", {"acme-style"}),
        ("rival-losses, acme-style", {"acme-style", "Rival.Losses"}),
    ):
        monkeypatch.setenv("STYLEZOO_PLUGINS", value)
        assert owners() == {"stylezoo", *chosen}
        assert registry.faults() == []


def test_what_the_variable_leaves_out_is_told_where_it_is_asked_for(third_party, monkeypatch):
    third_party("acme")
    monkeypatch.setenv("STYLEZOO_PLUGINS", "")
    left_out = "of acme-style 1.0 is left out by the variable STYLEZOO_PLUGINS: add acme-style to it, or unset it."
    for name in ("charbonnier", "acme-style/charbonnier"):
        with pytest.raises(UnknownPlugin, match=f"^The loss 'charbonnier' {left_out}$"):
            registry.find("loss", name)
    plain = {"kind": "loss", "name": "charbonnier", "distribution": "acme-style", "version": "1.0"}
    assert needs.lack(plain) == f"the loss 'charbonnier' {left_out.replace(' is left', ', which is left')}"


def test_the_variable_may_name_what_is_not_there(third_party, monkeypatch):
    third_party("acme")
    monkeypatch.setenv("STYLEZOO_PLUGINS", "acme-style,stylezoo,acme-stile")
    assert registry.faults() == ["STYLEZOO_PLUGINS names 'acme-stile', which is not installed or offers no plugin."]
