"""What schemathesis needs to send a stream of lines; clients_test.py names this file to it."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/jsonlines")
def as_lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
