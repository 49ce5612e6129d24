"""Condenses AWS's public service model of cognito-idp into the data file of the package.

    python -m tests.support.condense

botocore is where the model comes from (Apache-2.0). Documentation strings are dropped, and what Cognito's
wire does differently from its model is put in (``_AS_SEEN``).
"""

import gzip
import json
from pathlib import Path
from typing import Any

import botocore

TARGET = Path(__file__).parents[2] / "app_client_authz" / "api" / "model" / "cognito-idp.json"
API_VERSION = "2016-04-18"
_KEPT = ("type", "required", "members", "member", "key", "value", "min", "max", "pattern", "enum", "sensitive")

# What recorded answers and the model's own texts say against the model (api.md 1.6, 2.5, 3.6); None takes away.
_AS_SEEN: dict[str, dict[str, Any]] = {
    "OAuthFlowType": {"enum": ["implicit", "client_credentials", "code"]},
    # Custom domains have dots, and other characters are refused in words of their own.
    "DomainType": {"pattern": None},
}
_ADDED_VALUES = {"ExplicitAuthFlowsType": ["ALLOW_CLIENT_TOKEN_AUTH"]}


def condensed() -> dict[str, Any]:
    """The data file's content, from the installed botocore."""
    source = Path(botocore.__file__).parent / "data" / "cognito-idp" / API_VERSION
    model = json.loads(gzip.decompress((source / "service-2.json.gz").read_bytes()))
    pages = json.loads((source / "paginators-1.json").read_bytes())["pagination"]
    shapes = {name: _shape(name, shape) for name, shape in model["shapes"].items() if not shape.get("exception")}
    return {
        "derived_from": f"botocore {botocore.__version__}, data/cognito-idp/{API_VERSION}, changed: see NOTICE.txt",
        "botocore": botocore.__version__,
        "target_prefix": model["metadata"]["targetPrefix"],
        "operations": {name: _operation(each) for name, each in sorted(model["operations"].items())},
        "paginators": dict(sorted(pages.items())),
        "exceptions": sorted(name for name, shape in model["shapes"].items() if shape.get("exception")),
        "shapes": dict(sorted(shapes.items())),
    }


def written(content: dict[str, Any]) -> str:
    """One line per operation and shape, so that a new model shows as a readable difference."""
    lines = []
    for name, value in content.items():
        if isinstance(value, dict):
            members = ",\n".join(f"  {_compact(key)}: {_compact(member)}" for key, member in value.items())
            lines.append(f" {_compact(name)}: {{\n{members}\n }}")
        else:
            lines.append(f" {_compact(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"input": operation["input"]["shape"]}
    if "output" in operation:
        kept["output"] = operation["output"]["shape"]
    if operation.get("authtype") == "none":
        kept["public"] = True
    return kept


def _shape(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    kept = {key: shape[key] for key in _KEPT if key in shape}
    if shape.get("document"):
        kept["type"] = "document"
    if "members" in kept:
        kept["members"] = {member: each["shape"] for member, each in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = kept[part]["shape"]
    kept.update(_AS_SEEN.get(name, {}))
    if name in _ADDED_VALUES:
        kept["enum"] = [*kept["enum"], *_ADDED_VALUES[name]]
    return {key: value for key, value in kept.items() if value is not None}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    TARGET.write_text(written(condensed()), encoding="utf-8")
