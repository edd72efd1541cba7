"""Futures of asyncio for calls of the library that end on one of its workers."""

import asyncio


def future_of(call):
    """Starts an _AsyncCall and returns a future of its answer.

    Cancelling the future drops the call.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def deliver():
        if future.done():
            return
        try:
            answer = call.take()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(answer)

    call.start(lambda: loop.call_soon_threadsafe(deliver))
    future.add_done_callback(lambda _: call.cancel())
    return future
