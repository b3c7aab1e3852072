"""What a server can do wrong in place of a reply. Each takes (session, reply) and returns whether the session goes on.

Those that end the session close the socket themselves; the others leave it to the server.
"""
import os
import socket
import struct
import time


def _end(s, reset=False):
    """Closes without any TLS goodbye: with a FIN, or with a reset."""
    if reset:
        s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.tls = False  # no close_notify
    s.sock.close()
    return False


def _keep_sending(s, chunk, most, pause=0.0):
    sent = 0
    s.sock.settimeout(20)
    while sent < most and not s.closing.is_set():
        s.send(chunk)
        sent += len(chunk)
        if pause:
            s.closing.wait(pause)
    return False


def silence(s, reply):
    s.sock.settimeout(60)
    while s.sock.recv(4096):
        pass
    return False


def close_before(s, reply):
    return _end(s)


def close_inside(s, reply):
    s.send(reply[: max(1, len(reply) // 2)])
    return _end(s)


def close_after(s, reply):
    s.send(reply)
    return _end(s)


def reset_before(s, reply):
    return _end(s, reset=True)


def reset_inside(s, reply):
    s.send(reply[: max(1, len(reply) // 2)])
    time.sleep(0.02)  # let the half line arrive: a reset throws away what is still on its way
    return _end(s, reset=True)


def drip(s, reply):
    """One byte a second, for ever."""
    for byte in (reply[:-2] + b"." * 60):
        s.send(bytes([byte]))
        if s.closing.wait(1):
            break
    return False


def garbage(s, reply):
    s.send(bytes(range(128, 256)) + b"\xff\xfe\x80\r\n")
    return True


def nul_inside(s, reply):
    s.send(reply[:1] + b"\0" + reply[1:])
    return True


def long_line(s, reply):
    s.send(b"+OK " + b"A" * 65536 + b"\r\n")
    return True


def endless(s, reply):
    s.send(b"+OK\r\n")
    return _keep_sending(s, b"X-MORE capability\r\n" * 50, 64 << 20)


def flood(s, reply):
    return _keep_sending(s, b"A" * 65536, 64 << 20)


def okay(s, reply):
    s.send(b"+OKAY fine\r\n")
    return True


def lower_case(s, reply):
    s.send(reply.replace(b"+OK", b"+ok", 1))
    return True


def smtp_code(s, reply):
    s.send(b"250 2.0.0 OK\r\n")
    return True


def sys_temp(s, reply):
    s.send(b"-ERR [SYS/TEMP] going down\r\n")
    return True


def extra(s, reply):
    s.send(reply + b"+OK and welcome\r\n")
    return True


def duplicate(s, reply):
    s.send(reply + reply)
    return True


def early(s, reply):
    """The next step's reply before its command."""
    s.send(reply)
    time.sleep(0.05)  # in a segment of its own
    s.send(b"+OK already\r\n")
    return True


def cut_tls(s, reply):
    """The whole reply but its last byte, then TCP ends without close_notify."""
    s.send(reply[:-1])
    return _end(s)


def tls_junk(s, reply):
    """Bytes that are no TLS record, in the middle of TLS."""
    os.write(s.sock.fileno(), b"+OK logged in\r\n")
    return silence(s, reply)


def plain_in_handshake(s, reply):
    """What a broken TLS helper does: a line of text where the handshake belongs."""
    s.send(b"-ERR STARTTLS failed: no certificate\r\n")
    return silence(s, reply)


EVERYWHERE = [silence, close_before, reset_before, drip, garbage, flood]
REPLIES = [close_inside, reset_inside, nul_inside, long_line, endless, okay, lower_case, smtp_code, sys_temp]
INSIDE_TLS = [cut_tls, tls_junk]
HANDSHAKE = [silence, close_before, reset_before, garbage, plain_in_handshake]
