"""What `geomsci sample` is told about a model and keeps for `geomsci fit`."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import pathlib
import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomsci.command_errors import CommandError
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.index_sets import (
    hyperbolic_cross,
    tensor_product,
    total_degree,
)
from geomsci.sampling.marginals import MarginalTransform

FORMAT = 1
"""Of the JSON file; goes up when a field changes its meaning."""

KIND = "geomsci design"

WEIGHT = "weight"
"""Column of the weights, so no name of an input."""

INDEX_SETS = ("total-degree", "hyperbolic-cross", "tensor-product")

MOST_FUNCTIONS = 3000
"""A design of more takes hours: O(m^3) for each of ten draws."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """Inputs of a model and the polynomials that are fitted to it.

    Attributes
    ----------
    inputs : dict of str to str
        Marginal of every input as it was written, such as ``"uniform:0.05,0.15"``.
    index_set : str
    degree : tuple of int
        One degree; or one for each input of a tensor product.
    """

    inputs: dict[str, str]
    index_set: str
    degree: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """Names of the inputs in the order of the columns."""
        return list(self.inputs)

    def transform(self) -> MarginalTransform:
        """From the inputs to the standard variables."""
        marginals = []
        for name, text in self.inputs.items():
            try:
                marginals.append(frozen(text))
                MarginalTransform(marginals[-1:])
            except (ValueError, TypeError) as error:
                raise CommandError(f"Input {name}={text}: {error}") from error
        return MarginalTransform(marginals)

    def basis(self) -> PolynomialBasis:
        """Orthonormal polynomials of the standard variables."""
        d, degree = len(self.inputs), self.degree
        if not degree or min(degree) < 0:
            raise CommandError(f"--degree must be at least 0, got {_words(degree)}.")
        if self.index_set not in INDEX_SETS:
            raise CommandError(
                f"--index-set must be one of {', '.join(INDEX_SETS)}, got "
                f"{self.index_set!r}."
            )
        if self.index_set == "tensor-product":
            if len(degree) not in (1, d):
                raise CommandError(
                    f"--degree must be one number or one for each of the {d} inputs, "
                    f"got {_words(degree)}."
                )
            degree = degree if len(degree) == d else degree * d
            _require_few(math.prod(p + 1 for p in degree))
            return self.transform().basis(tensor_product(degree))
        if len(degree) != 1:
            raise CommandError(
                f"--degree must be one number for --index-set {self.index_set}, got "
                f"{_words(degree)}: only a tensor-product has one for each input."
            )
        if self.index_set == "total-degree":
            _require_few(math.comb(d + degree[0], d))
            indices = total_degree(d, degree[0])
        else:
            # The functions of two inputs and of one are a part of the set.
            pairs = sum((degree[0] + 1) // (k + 1) - 1 for k in range(1, degree[0] + 1))
            _require_few(1 + d * degree[0] + math.comb(d, 2) * max(pairs, 0))
            indices = hyperbolic_cross(d, degree[0])
            _require_few(len(indices))
        return self.transform().basis(indices)

    def described(self, m: int) -> str:
        """The basis in words."""
        d = len(self.inputs)
        return (
            f"{self.index_set} {_words(self.degree)} in {d} input{'s'[: d != 1]}, "
            f"m = {m} functions"
        )


def _require_few(m: int) -> None:
    if m > MOST_FUNCTIONS:
        raise CommandError(
            f"--degree must leave at most {MOST_FUNCTIONS} functions, got {m} or more, "
            "which need as many runs: lower it, or take --index-set hyperbolic-cross."
        )


def _words(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


# Inputs


def frozen(text: str) -> Any:
    """Frozen distribution of ``"name:parameters"``.

    Parameters are those of `scipy.stats`, by position or by name, with one exception:
    ``uniform:low,high`` by position takes both ends.
    """
    from scipy import stats

    name, _, rest = text.partition(":")
    kind = getattr(stats, name.strip(), None)
    if not isinstance(kind, stats.rv_continuous):
        known = [
            k for k, v in vars(stats).items() if isinstance(v, stats.rv_continuous)
        ]
        near = difflib.get_close_matches(name.strip().lower(), known, n=3)
        hint = ", ".join(near) if near else "uniform, norm, lognorm, beta, expon"
        raise CommandError(
            "a distribution must be a continuous one of scipy.stats, for example "
            f"{hint}, got {name.strip()!r}."
        )
    places: list[float] = []
    named: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = part.partition("=")
        try:
            number = float(value if equals else key)
        except ValueError:
            raise CommandError(f"parameters must be numbers, got {part!r}.") from None
        if equals:
            named[key.strip()] = number
        elif named:
            raise CommandError(f"parameters with names must come last, got {part!r}.")
        else:
            places.append(number)
    if name.strip() == "uniform" and places:
        return _uniform(places, named)
    try:
        return kind(*places, **named)
    except TypeError as error:
        shapes = f"{kind.shapes}, loc, scale" if kind.shapes else "loc, scale"
        raise CommandError(f"{name} takes the parameters {shapes}.") from error


def _uniform(places: list[float], named: dict[str, float]) -> Any:
    """Uniform between two ends."""
    from scipy import stats

    if len(places) != 2 or named or not places[0] < places[1]:
        raise CommandError(
            "uniform takes its lower and its upper end, for example uniform:0.05,0.15."
        )
    return stats.uniform(places[0], places[1] - places[0])


def named_inputs(given: Sequence[str], file: pathlib.Path | None) -> dict[str, str]:
    """Marginals by name, of ``NAME=DISTRIBUTION`` texts and of a file."""
    pairs = [] if file is None else list(_inputs_of(file).items())
    for text in given:
        name, equals, marginal = text.partition("=")
        if not equals or not marginal:
            raise CommandError(
                "--input must be NAME=DISTRIBUTION:PARAMETERS, for example "
                f"rw=uniform:0.05,0.15, got {text!r}."
            )
        pairs.append((name.strip(), marginal.strip()))
    if not pairs:
        raise CommandError(
            "--input or --inputs must name the inputs of the model, for example "
            "--input rw=uniform:0.05,0.15 --input Tl=norm:90,10."
        )
    names = [name for name, _ in pairs]
    for name in names:
        if not name or name == WEIGHT or names.count(name) > 1:
            raise CommandError(
                f"Inputs must have different names, none of them {WEIGHT!r} or empty, "
                f"got {name!r}{' twice' if names.count(name) > 1 else ''}."
            )
    return dict(pairs)


def _inputs_of(file: pathlib.Path) -> dict[str, str]:
    """The table ``inputs`` of a JSON or TOML file."""
    content = read_mapping(file, "--inputs")
    inputs = content.get("inputs")
    if not isinstance(inputs, dict) or not all(
        isinstance(text, str) for text in inputs.values()
    ):
        raise CommandError(
            f'{file} must hold a table "inputs" of names and texts such as '
            '"uniform:0.05,0.15".'
        )
    return inputs


def read_mapping(file: pathlib.Path, option: str) -> dict[str, Any]:
    """Content of a JSON file, or of a TOML file by its name."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise CommandError(
            f"{option} must be a file that can be read, got {file} "
            f"({error.strerror or error})."
        ) from error
    except ValueError as error:
        form = "TOML" if file.suffix == ".toml" else "JSON"
        raise CommandError(f"{file} must be {form}: {error}.") from error
    if not isinstance(content, dict):
        raise CommandError(f"{file} must hold a table, got {type(content).__name__}.")
    return content


# The file beside a design


def write_problem(file: pathlib.Path, problem: Problem, **facts: Any) -> None:
    """Everything that a later fit needs, and where the design came from."""
    import geomsci

    content = {
        "kind": KIND,
        "format": FORMAT,
        "geomsci": geomsci.__version__,
        **dataclasses.asdict(problem),
        **facts,
    }
    text = json.dumps(content, indent=2, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def read_problem(file: pathlib.Path) -> tuple[Problem, dict[str, Any]]:
    """The problem of a design, and all of its file."""
    content = read_mapping(file, "--design")
    if content.get("kind") != KIND:
        raise CommandError(
            f"{file} is not the JSON file of a design: --design must be the one that "
            "geomsci sample wrote beside its CSV file."
        )
    if content.get("format") != FORMAT:
        raise CommandError(
            f"{file} has the format {content.get('format')}, and this version of "
            f"geomsci reads {FORMAT}: fit with the version that wrote it."
        )
    try:
        problem = Problem(
            {str(k): str(v) for k, v in content["inputs"].items()},
            str(content["index_set"]),
            tuple(int(p) for p in content["degree"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(
            f"{file} lacks what a fit needs ({error}): take the file as geomsci sample "
            "wrote it."
        ) from error
    return problem, content


def optimal_weights(basis: PolynomialBasis, Z: np.ndarray) -> np.ndarray:
    """``m / k_m`` at standard points: what every sampler of the command gives."""
    return np.exp(math.log(basis.size) - basis.log_christoffel(Z))
