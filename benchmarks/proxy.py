"""A TCP proxy for benchmarks: it delays each direction, or speaks TLS to its clients, and does nothing else."""

import argparse
import asyncio
import ssl

CHUNK = 1 << 16


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hand over what comes, `delay` seconds after it came, in order and without holding up what follows."""
    loop = asyncio.get_running_loop()

    def hand_over(data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data) if data else writer.close()

    while data := await reader.read(CHUNK):
        loop.call_later(delay, hand_over, data) if delay else hand_over(data)
    loop.call_later(delay, hand_over, b"")


async def serve(port: int, target: int, delay: float, certificate: str | None) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", target)
        both = (pass_on(reader, onward_writer, delay), pass_on(onward_reader, writer, delay))
        await asyncio.gather(*both, return_exceptions=True)

    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(connect, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds in each direction")
    parser.add_argument("--certificate", help="a file with key and certificate: speak TLS")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.target, options.delay, options.certificate))
