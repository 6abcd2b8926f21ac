"""What a server may send that was asked by SOAP, and should not have."""

import socket
import struct

FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:Server</faultcode><faultstring>no such user</faultstring></s:Fault></s:Body></s:Envelope>"
)
HTML = b"<!DOCTYPE html><title>Log in</title>"


def flood(head: bytes, piece: bytes):
    """Goes on until the SP has had enough."""

    def send(envelope, connection):
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return send


def reset(envelope: bytes, connection) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def octets(answer: bytes):
    return lambda envelope, connection: answer
