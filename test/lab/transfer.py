"""Bytes from one node to another, with a checksum at both ends.

transfer.py take PORT            takes one connection until its end, prints bytes and SHA-256
transfer.py give HOST PORT MIB   sends that many MiB and prints the same
"""
import hashlib
import os
import socket
import sys

digest, count = hashlib.sha256(), 0
if sys.argv[1] == "take":
    server = socket.create_server(("", int(sys.argv[2])))
    peer, _ = server.accept()
    while chunk := peer.recv(1 << 20):
        digest.update(chunk)
        count += len(chunk)
else:
    peer = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=20)
    block = bytearray(os.urandom(1 << 20))
    for i in range(int(sys.argv[4])):
        # No two blocks are the same: one that is lost, doubled or swapped shows.
        block[:8] = i.to_bytes(8, "big")
        peer.sendall(block)
        digest.update(block)
        count += len(block)
    peer.close()
print(count, digest.hexdigest(), flush=True)
