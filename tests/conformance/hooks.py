"""What schemathesis must know of Filo: who may call what, and which things there are.

`scripts/conformance` names a JSON file in FILO_CONFORMANCE: the token that fits each operation, and values that exist
for names in paths. A generated name in a path that is valid is replaced by an existing one two times out of three, so
that operations are reached and not only their 404.
"""

import json
import os
import random
import re

import schemathesis

with open(os.environ["FILO_CONFORMANCE"], encoding="utf-8") as file:
    KNOWN = json.load(file)

CHOICE = random.Random(KNOWN["seed"])


# Another token for another operation: nothing is kept from one to the next.
@schemathesis.auth(refresh_interval=None)
class Callers:
    """The caller that may use the operation; nobody for public ones."""

    def get(self, case, ctx):
        return KNOWN["tokens"].get(ctx.operation.label)

    def set(self, case, data, ctx):
        if data is not None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    """Names in paths that exist."""
    if path_parameters:
        values = KNOWN["names"].get(ctx.operation.path, {})
        for name, existing in values.items():
            generated = path_parameters.get(name)
            if existing and is_valid(ctx.operation, name, generated) and CHOICE.random() < 0.67:
                path_parameters[name] = CHOICE.choice(existing)
    return path_parameters


def is_valid(operation, name, generated):
    """Whether a name can stand in a path, and is such as its schema asks for: what was made to be refused stays."""
    if not isinstance(generated, str) or not generated.isprintable() or "/" in generated:
        return False
    own = [it for it in operation.definition.raw.get("parameters", []) if (it.get("name"), it.get("in")) == (name, "path")]
    return all(re.search(it.get("schema", {}).get("pattern", ""), generated) for it in own)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """A fixed word in the place of a name, taken from a link of an answer (`…/persons/searches`), is the address of
    another operation, which has other methods: 405 is right there. Something that does not exist is sent instead."""
    for name, fixed in KNOWN["fixed"].get(case.operation.path, {}).items():
        if (case.path_parameters or {}).get(name) in fixed:
            case.path_parameters[name] = "no"
