"""What a provider's emulator is built from: the server, its journal, its faults and a deterministic model."""

from omnilogue.emulator.faults import Fault
from omnilogue.emulator.journal import Journal, Recorded
from omnilogue.emulator.replies import DeterministicModel, Generation, split_pieces
from omnilogue.emulator.server import Emulator
from omnilogue.emulator.sockets import ServedSocket, SocketGoneError, open_socket
from omnilogue.emulator.streaming import stream_pieces

__all__ = [
    "DeterministicModel",
    "Emulator",
    "Fault",
    "Generation",
    "Journal",
    "Recorded",
    "ServedSocket",
    "SocketGoneError",
    "open_socket",
    "split_pieces",
    "stream_pieces",
]
