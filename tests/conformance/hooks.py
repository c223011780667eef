"""What schemathesis must know of Filo: who may call what, and which things there are.

`scripts/conformance` names a JSON file in FILO_CONFORMANCE: the token that fits each operation, and values that exist
for names in paths. A generated name in a path that is valid is replaced by an existing one two times out of three, so
that operations are reached and not only their 404.
"""

import json
import os
import random

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
            valid = isinstance(generated, str) and generated.isprintable() and "/" not in generated
            if existing and valid and CHOICE.random() < 0.67:
                path_parameters[name] = CHOICE.choice(existing)
    return path_parameters


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """A fixed word in the place of a name, taken from a link of an answer (`…/persons/searches`), is the address of
    another operation, which has other methods: 405 is right there. Something that does not exist is sent instead."""
    for name, fixed in KNOWN["fixed"].get(case.operation.path, {}).items():
        if (case.path_parameters or {}).get(name) in fixed:
            case.path_parameters[name] = "no"
