"""Frames that a node's root could put on its wire. Run in the network namespace of the node: what enters the host end
of its cable is then exactly what came from inside, whatever tools the node's image has.

frames.py send JSON     sends all kinds three times and prints {kind: bytes in hex}
frames.py watch IFACE   prints "ready", then every frame that arrives at the interface, in hex
"""
import json
import socket
import sys


def watch(iface):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind((iface, 0))
    print("ready", flush=True)
    while True:
        try:
            frame, (_, _, kind, _, _) = wire.recvfrom(65536)
        except OSError:
            return  # The interface went down: nothing comes any more.
        if kind != socket.PACKET_OUTGOING:
            print(frame.hex(), flush=True)


def send(facts):
    from scapy.all import (
        ARP, BOOTP, DHCP, ICMP, IP, LLC, SNAP, STP, TCP, UDP, Dot1Q, Dot3, Ether, ICMPv6EchoRequest, ICMPv6ND_NA,
        ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, IPOption_NOP, IPv6, Raw, fragment, raw,
    )

    me, victim, gw, other, host = (facts[k] for k in ("me", "victim", "gateway", "other", "host"))
    EVERY, FAKE, WORLD = "ff:ff:ff:ff:ff:ff", "02:66:66:66:66:66", "203.0.113.99"
    eth = Ether(src=me["mac"], dst=victim["mac"])
    out = Ether(src=me["mac"], dst=gw["mac"])
    mark = lambda kind: Raw(b"docklet-attack-" + kind.encode())
    udp = lambda kind: UDP(sport=4000, dport=4001) / mark(kind)
    offer = lambda kind: UDP(sport=67, dport=68) / BOOTP(op=2, yiaddr=victim["ip"], siaddr=me["ip"]) / DHCP(
        options=[("message-type", "offer"), ("router", me["ip"]), "end"]
    ) / mark(kind)
    all6 = dict(src=me["mac"], dst="33:33:00:00:00:01")
    ra = ICMPv6ND_RA(routerlifetime=9000) / ICMPv6NDOptPrefixInfo(prefix="fd66::", prefixlen=64)
    frames = {
        # These two are honest: if they did not arrive, the rest would prove nothing.
        "honest": eth / IP(src=me["ip"], dst=victim["ip"]) / udp("honest"),
        "honest-arp": Ether(src=me["mac"], dst=EVERY) / ARP(op=1, hwsrc=me["mac"], psrc=me["ip"], pdst=victim["ip"]),
        "mac-unknown": Ether(src=FAKE, dst=victim["mac"]) / IP(src=me["ip"], dst=victim["ip"]) / udp("mac"),
        "mac-of-gateway": Ether(src=gw["mac"], dst=victim["mac"]) / IP(src=me["ip"], dst=victim["ip"]) / udp("gwmac"),
        "mac-of-victim": Ether(src=victim["mac"], dst=EVERY) / IP(src=me["ip"], dst=victim["ip"]) / udp("steal"),
        "mac-multicast": Ether(src="03:00:00:00:00:01", dst=victim["mac"]) / IP(src=me["ip"], dst=victim["ip"]) / udp("m"),
        "ip-of-gateway": eth / IP(src=gw["ip"], dst=victim["ip"]) / udp("gwip"),
        "ip-of-world": eth / IP(src=WORLD, dst=victim["ip"]) / udp("world"),
        "ip-none": eth / IP(src="0.0.0.0", dst=victim["ip"]) / udp("zero"),
        "ip-of-other": out / IP(src=other["ip"], dst=other["ip"]) / udp("land"),
        "ip-as-victim-out": out / IP(src=victim["ip"], dst=gw["ip"]) / ICMP() / mark("smurf"),
        "ip-as-host": out / IP(src=host, dst=gw["ip"]) / udp("host"),
        "ip-as-loopback": out / IP(src="127.0.0.1", dst=gw["ip"]) / udp("lo"),
        "arp-i-am-gateway": eth / ARP(op=2, hwsrc=me["mac"], psrc=gw["ip"], hwdst=victim["mac"], pdst=victim["ip"]),
        "arp-gratuitous": Ether(src=me["mac"], dst=EVERY) / ARP(op=1, hwsrc=me["mac"], psrc=gw["ip"], pdst=gw["ip"]),
        "arp-other-mac": eth / ARP(op=2, hwsrc=FAKE, psrc=me["ip"], hwdst=victim["mac"], pdst=victim["ip"]),
        "arp-probe": Ether(src=me["mac"], dst=EVERY) / ARP(op=1, hwsrc=me["mac"], psrc="0.0.0.0", pdst=victim["ip"]),
        "arp-outer-mac": Ether(src=FAKE, dst=EVERY) / ARP(op=1, hwsrc=me["mac"], psrc=me["ip"], pdst=victim["ip"]),
        "dhcp-offer": Ether(src=me["mac"], dst=EVERY) / IP(src=me["ip"], dst="255.255.255.255") / offer("dhcp"),
        "dhcp-offer-options": eth / IP(src=me["ip"], dst=victim["ip"], options=[IPOption_NOP()] * 4) / offer("dhcpopt"),
        "dhcp-client": Ether(src=me["mac"], dst=EVERY) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / BOOTP(op=1),
        "ra": Ether(**all6) / IPv6(src="fe80::66", dst="ff02::1") / ra / ICMPv6NDOptSrcLLAddr(lladdr=me["mac"]),
        "na": Ether(**all6) / IPv6(src="fe80::66", dst="ff02::1") / ICMPv6ND_NA(tgt="fe80::1", R=1, O=1),
        "ip6": Ether(src=me["mac"], dst=victim["mac"]) / IPv6(src="fe80::66", dst="ff02::1") / ICMPv6EchoRequest(data="v6"),
        "ip6-vlan-ra": Ether(**all6) / Dot1Q(vlan=0) / IPv6(src="fe80::67", dst="ff02::1") / ra,
        "vlan": eth / Dot1Q(vlan=7) / IP(src=me["ip"], dst=victim["ip"]) / udp("vlan"),
        "vlan-priority-spoof": eth / Dot1Q(vlan=0) / IP(src=gw["ip"], dst=victim["ip"]) / udp("vlan0"),
        "vlan-twice": eth / Dot1Q(vlan=7) / Dot1Q(vlan=8) / IP(src=gw["ip"], dst=victim["ip"]) / udp("qinq"),
        "stp": Dot3(src=me["mac"], dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(rootmac=me["mac"]),
        "snap": Dot3(src=me["mac"], dst=victim["mac"]) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800) / IP(src=gw["ip"], dst=victim["ip"]) / udp("snap"),
        "lldp": Ether(src=me["mac"], dst="01:80:c2:00:00:0e", type=0x88CC) / mark("lldp"),
        "pppoe": Ether(src=me["mac"], dst=EVERY, type=0x8863) / mark("pppoe"),
        "unknown-type": Ether(src=me["mac"], dst=victim["mac"], type=0x9999) / mark("odd"),
        # Honest addresses, but for where nobody may go: these get as far as the gateway's bridge and no further.
        "to-loopback": out / IP(src=me["ip"], dst="127.0.0.1") / UDP(sport=4000, dport=facts["port"]) / mark("martian"),
        "to-host": out / IP(src=me["ip"], dst=host) / UDP(sport=53, dport=facts["port"]) / mark("as-dns"),
        "to-gateway": out / IP(src=me["ip"], dst=gw["ip"]) / UDP(sport=53, dport=facts["port"]) / mark("as-dns"),
        "to-other": out / IP(src=me["ip"], dst=other["ip"]) / UDP(sport=53, dport=4001) / mark("as-dns"),
        "to-other-gateway": out / IP(src=me["ip"], dst=other["gateway"]) / UDP(sport=53, dport=facts["port"]) / mark("as-dns"),
        "ack-to-host": out / IP(src=me["ip"], dst=host) / TCP(sport=4000, dport=facts["port"], flags="A"),
        "syn-ack-to-host": out / IP(src=me["ip"], dst=host) / TCP(sport=facts["port"], dport=4000, flags="SA"),
        "source-route": out / IP(src=me["ip"], dst=gw["ip"], options=[b"\x83\x07\x04" + socket.inet_aton(other["ip"]) + b"\x00"]) / udp("lsrr"),
        "redirect": out / IP(src=me["ip"], dst=gw["ip"]) / ICMP(type=5, code=1, gw=me["ip"]) / IP(src=gw["ip"], dst=other["ip"]) / UDP(),
    }
    # The transport header is only in the first piece: the second must not get by as something harmless.
    pieces = fragment(IP(src=gw["ip"], dst=victim["ip"]) / offer("pieces"), fragsize=64)
    for i, piece in enumerate(pieces[:2]):
        frames["fragment-%d" % i] = eth / piece
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((facts["iface"], 0))
    sent = {kind: raw(frame) for kind, frame in frames.items()}
    for _ in range(3):
        for frame in sent.values():
            wire.send(frame)
    print(json.dumps({kind: frame.hex() for kind, frame in sent.items()}))


if sys.argv[1] == "watch":
    watch(sys.argv[2])
else:
    send(json.loads(sys.argv[2]))
