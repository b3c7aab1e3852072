"""A name server that knows a few names: A and SRV over UDP, NXDOMAIN for others."""
import ipaddress
import socket
import struct
import threading

A, SRV, IN = 1, 33, 1


def _name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"


def _question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


class NameServer:
    """addresses: name -> IPv4 address. services: name -> [(priority, weight, port, target)]. Made where its socket shall live; asked: the
    names that somebody wanted."""

    def __init__(self, host, addresses, services):
        self.asked = []
        self._addresses, self._services = addresses, services
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            packet, sender = self._socket.recvfrom(1500)
            if len(packet) < 17:  # stop() says so
                return
            self._socket.sendto(self._answer(packet), sender)

    def _answer(self, packet):
        name, kind, end = _question(packet)
        self.asked.append(name)
        records = []
        if kind == A and name in self._addresses:
            records = [ipaddress.IPv4Address(self._addresses[name]).packed]
        elif kind == SRV:
            records = [struct.pack("!HHH", *row[:3]) + _name(row[3]) for row in self._services.get(name, [])]
        known = name in self._addresses or name in self._services
        body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, IN, 60, len(data)) + data for data in records)
        return packet[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, len(records), 0, 0) + packet[12:end] + body

    def stop(self):
        self._socket.sendto(b"x", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()
