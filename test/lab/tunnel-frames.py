"""VXLAN packets that nobody should be able to make. Run in the network namespace of a host.

tunnel-frames.py JSON   sends all kinds to the host `to` and prints {kind: inner frame in hex}

The outer packets are honest UDP from this host's own address: what is forged is inside. With `outer` they are forged too:
raw from its interface, to its `dst` MAC, with its `src` address.
"""
import json
import socket
import sys

from scapy.all import ARP, IP, UDP, Ether, ICMPv6EchoRequest, IPv6, Raw, raw

facts = json.loads(sys.argv[1])
me, victim, gw, other = (facts[k] for k in ("me", "victim", "gateway", "other"))
EVERY, FAKE = "ff:ff:ff:ff:ff:ff", "02:66:66:66:66:66"
mark = lambda kind: UDP(sport=4000, dport=4001) / Raw(b"docklet-lab-" + facts["run"].encode() + b"-" + kind.encode())
to_victim = Ether(src=me["mac"], dst=victim["mac"])
frames = {
    "honest": to_victim / IP(src=me["ip"], dst=victim["ip"]) / mark("honest"),
    "mac-unknown": Ether(src=FAKE, dst=victim["mac"]) / IP(src=me["ip"], dst=victim["ip"]) / mark("mac"),
    "mac-of-victim": Ether(src=victim["mac"], dst=victim["mac"]) / IP(src=me["ip"], dst=victim["ip"]) / mark("steal"),
    "mac-of-gateway": Ether(src=gw["mac"], dst=victim["mac"]) / IP(src=gw["ip"], dst=victim["ip"]) / mark("gwmac"),
    "world-by-gateway": Ether(src=gw["mac"], dst=victim["mac"]) / IP(src="203.0.113.1", dst=victim["ip"]) / mark("gwworld"),
    "ip-of-gateway": to_victim / IP(src=gw["ip"], dst=victim["ip"]) / mark("gwip"),
    "ip-of-victim": to_victim / IP(src=victim["ip"], dst=victim["ip"]) / mark("land"),
    "ip-of-world": to_victim / IP(src="203.0.113.1", dst=victim["ip"]) / mark("world"),
    "ip-of-other-tenant": to_victim / IP(src=other["ip"], dst=victim["ip"]) / mark("other"),
    "broadcast": Ether(src=me["mac"], dst=EVERY) / IP(src=me["ip"], dst="255.255.255.255") / mark("all"),
    "multicast": Ether(src=me["mac"], dst="01:00:5e:00:00:01") / IP(src=me["ip"], dst="224.0.0.1") / mark("multi"),
    "to-gateway": Ether(src=me["mac"], dst=gw["mac"]) / IP(src=me["ip"], dst=gw["ip"]) / mark("togw"),
    "out-by-gateway": Ether(src=me["mac"], dst=gw["mac"]) / IP(src=me["ip"], dst="203.0.113.1") / mark("out"),
    "arp-i-am-gateway": to_victim / ARP(op=2, hwsrc=me["mac"], psrc=gw["ip"], hwdst=victim["mac"], pdst=victim["ip"]),
    "arp-other-mac": to_victim / ARP(op=2, hwsrc=FAKE, psrc=me["ip"], hwdst=victim["mac"], pdst=victim["ip"]),
    "arp-gratuitous": Ether(src=me["mac"], dst=EVERY) / ARP(op=1, hwsrc=me["mac"], psrc=gw["ip"], pdst=gw["ip"]),
    "dhcp-offer": to_victim / IP(src=me["ip"], dst=victim["ip"]) / UDP(sport=67, dport=68) / Raw(b"docklet-lab-dhcp"),
    "ip6": to_victim / IPv6(src="fe80::66", dst="ff02::1") / ICMPv6EchoRequest(data="v6"),
    "odd": Ether(src=me["mac"], dst=victim["mac"], type=0x9999) / Raw(b"docklet-lab-odd"),
}
header = b"\x08\x00\x00\x00" + facts["vni"].to_bytes(3, "big") + b"\x00"
sent = {kind: raw(frame) for kind, frame in frames.items() if kind in facts.get("kinds", frames)}
outer = facts.get("outer")
if outer:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((outer["iface"], 0))
    head = Ether(src=outer["mac"], dst=outer["dst"]) / IP(src=outer["src"], dst=facts["to"]) / UDP(sport=5000, dport=4789, chksum=0)
    send = lambda packet: wire.send(raw(head / Raw(packet)))
else:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    send = lambda packet: wire.sendto(packet, (facts["to"], 4789))
for _ in range(3):
    for frame in sent.values():
        send(header + frame)
print(json.dumps({kind: frame.hex() for kind, frame in sent.items()}))
