"""Which tensors of a file are the generator: told by names and shapes, not by the key under which they lie."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from stylezoo.catalogue import registry
from stylezoo.errors import BadWeights, BrokenPlugin, name_all
from stylezoo.spec import Spec

DEEPEST = 12  # words of a name that are tried as the beginning of a network
AVERAGED = {"ema", "averaged", "average", "avg", "swa", "smoothed", "shadow"}
MEANINGLESS = {"net", "network", "model", "module", "state", "dict", "params", "weights", "online", "raw", ""}
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "filt")


@dataclass(frozen=True)
class Network:
    """Tensors of a file that an installed generator takes.

    Attributes:
        name: The keys that lead to them, joined by dots; "" for the whole file.
        weights: The arrays by their names after these keys.
        spec: The generator, with its options for them.
    """

    name: str
    weights: dict[str, np.ndarray]
    spec: Spec

    @property
    def words(self) -> list[str]:
        """The words of the name: "state_dict.netG_A" are state, dict, g and a."""
        words = re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", self.name)
        return ["g" if word.lower() in ("generator", "gen") else word.lower() for word in words]

    @property
    def is_averaged(self) -> bool:
        return not AVERAGED.isdisjoint(self.words)

    @property
    def player(self) -> tuple[str, ...]:
        """The words that tell which network it is, not in which form: "netG_A" and "G_A_ema" have the same."""
        return tuple(word for word in self.words if word not in AVERAGED | MEANINGLESS)


@dataclass
class Search:
    """The search for networks in a file.

    Args:
        file: The file's path as the user wrote it.
        plugins: The generators to try.
        misfit: Why weights do not fit the network of a generator, a sentence, "" if they do.

    Attributes:
        found: What fits.
        accepted: A text for each generator that takes weights of PyTorch: which ones.
        faults: Sentences about weights that a generator recognises, but cannot take.
        broken: The names of generators that could not be tried.
    """

    file: str
    plugins: list[registry.Plugin]
    misfit: Callable[[dict, Spec], str]
    found: list[Network] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    broken: dict[str, None] = field(default_factory=dict)

    def run(self, weights: dict[str, np.ndarray]) -> list[Network]:
        """The networks in the weights of a file.

        Raises:
            BadWeights: There are none, or several generators take the same weights.
        """
        self._try("", weights, DEEPEST)
        self.found = [*self.found, *_averaged_lists(self.found, weights)]
        if self.found:
            return self.found
        raise BadWeights(self.faults[0] if self.faults else self._unknown(weights))

    def _try(self, name, weights, depth):
        """Try weights; where no generator takes all of them, those that begin with the same word."""
        if fitting := [spec for spec in self._claims(weights) if self._fits(weights, spec)]:
            if len(fitting) > 1:
                first = min(spec.name for spec in fitting)
                raise BadWeights(
                    f"'{self.file}' is taken by several generators, {name_all(sorted(spec.name for spec in fitting))}. "
                    f"Say which: generator='{first}' (--set generator={first})."
                )
            self.found.append(Network(name, weights, fitting[0]))
        elif depth:
            for word, inner in _by_first_word(weights):
                self._try(f"{name}.{word}" if name else word, inner, depth - 1)

    def _fits(self, weights, spec):
        if fault := self.misfit(weights, spec):
            self.faults.append(fault)
        return not fault

    def _claims(self, weights) -> Iterator[Spec]:
        """The generators that take the weights, with their options; a broken one breaks only itself."""
        for plugin in self.plugins:
            try:
                from_torch = _from_torch(plugin)
                if from_torch is None:
                    continue
                options = _options(plugin, from_torch, weights)
            except BrokenPlugin:
                self.broken[plugin.qualified] = None
                continue
            except ValueError as error:
                reason = str(error).rstrip(".")
                self.faults.append(f"The generator '{plugin.qualified}' refuses '{self.file}': {reason}.")
                continue
            self.accepted[plugin.qualified] = _accepted(from_torch)
            if options is not None:
                yield Spec(plugin.qualified, options)

    def _unknown(self, weights):
        """The sentence about weights that no generator takes."""
        name, array = next(iter(weights.items()))
        count = "1 array" if len(weights) == 1 else f"{len(weights)} arrays"
        possible = "; ".join(f"'{name}': {accepted}" for name, accepted in self.accepted.items()) or "none"
        untried = f" {name_all(self.broken)} could not be tried: see 'stylezoo doctor'." if self.broken else ""
        return (
            f"'{self.file}' holds {count}, the first {name} {'x'.join(map(str, array.shape))}, which no generator "
            f"takes. Possible are: {possible}.{untried}"
        )


def chosen(file: str, found: list[Network], wanted: str | None = None) -> tuple[Network, str]:
    """The network to import, and what is to be said about the choice, "" if there was none.

    Averaged weights are taken where a network is there both with and without averaging: they draw better.

    Args:
        file: The file's path as the user wrote it.
        found: From `Search.run`.
        wanted: The name of a network, or a part of it between dots; None: the only one.

    Raises:
        BadWeights: There are several, or none of this name.
    """
    names = name_all(each.name or "the whole file" for each in found)
    if wanted:
        exact = [each for each in found if each.name == wanted]
        found = exact or [each for each in found if f".{wanted}." in f".{each.name}."]
        if not found:
            raise BadWeights(f"'{file}' has no network '{wanted}' that a generator takes. It has: {names}.")
    left = [
        each for each in found if each.is_averaged or not any(_is_average_of(other, each, found) for other in found)
    ]
    left = _distinct(left)
    if len(left) > 1:
        raise BadWeights(
            f"'{file}' holds several networks, {name_all(each.name for each in left)}. Say which: "
            f"network='{left[0].name}' (--network {left[0].name})."
        )
    (network,) = left
    if not network.is_averaged:
        return network, ""
    raw = [each.name for each in found if not each.is_averaged]
    others = f"; {name_all(raw)} without averaging: network='{raw[0]}' (--network {raw[0]})" if raw else ""
    return network, f"The weights are the averaged ones, {network.name}{others}."


def _is_average_of(average, network, found):
    if not average.is_averaged:
        return False
    is_alone = len(found) == 2 and not (average.player and network.player)
    return average.player == network.player or is_alone


def _distinct(found):
    """The networks without copies of the same weights."""
    kept = []
    for each in found:
        if not any(_same(each.weights, other.weights) for other in kept):
            kept.append(each)
    return kept


def _same(ones, others):
    return ones.keys() == others.keys() and all(np.array_equal(ones[name], others[name]) for name in ones)


def _by_first_word(weights):
    """The weights by the first word of their names, which is left out."""
    parts = {}
    for name, each in weights.items():
        word, dot, rest = name.partition(".")
        if dot:
            parts.setdefault(word, {})[rest] = each
    return [(word, inner) for word, inner in parts.items() if len(inner) > 1]


def _averaged_lists(found, weights):
    """Networks whose averaged weights are a list without names, as libraries of moving averages save them."""
    lists = {}
    for name, each in weights.items():
        place, _, number = name.rpartition(".")
        if number.isdecimal() and place.rpartition(".")[2] == "shadow_params":
            lists.setdefault(place, []).append(each)
    for place, arrays in lists.items():
        for network in found:
            learned = [name for name in network.weights if not name.endswith(BUFFERS)]
            if [network.weights[name].shape for name in learned] == [each.shape for each in arrays]:
                averaged = network.weights | dict(zip(learned, arrays, strict=True))
                yield Network(place, averaged, network.spec)


def _from_torch(plugin):
    """The function ``from_torch`` in the module of a generator; None if there is none."""
    return getattr(plugin.load(), "__globals__", {}).get("from_torch")  # the module of a function


def _options(plugin, from_torch, weights):
    """A generator's options for weights, or None."""
    try:
        options = from_torch(dict(weights))
    except ValueError:
        raise
    except Exception as error:
        raise plugin.broken(f"its from_torch raises {type(error).__name__}: {error}") from error
    if not isinstance(options, dict | None):
        raise plugin.broken(f"its from_torch gives a {type(options).__name__}, neither options nor None")
    return options


def _accepted(from_torch):
    """The files that a generator takes: the first line of its function's docstring."""
    return (inspect.getdoc(from_torch) or "weights of its own").partition("\n")[0].rstrip(".")
