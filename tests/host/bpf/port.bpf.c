/* port.bpf.c - a packet filter: IPv4, UDP, to port 53, no fragment */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"

struct packet {
    uint8_t to[6], from[6];
    uint16_t type;
    uint8_t version, service;
    uint16_t total, identification, fragment;
    uint8_t hops, protocol;
    uint16_t sum;
    uint8_t addresses[8];
} __attribute__((packed));

EXO_PROGRAM(filter) uint64_t port_wanted(const struct packet *packet, uint64_t length) {
    const uint16_t *udp =
        (const uint16_t *)((const uint8_t *)(packet + 1) - 20 + (packet->version & 15) * 4);

    if (length < sizeof(*packet) + 8 || packet->type != __builtin_bswap16(0x0800))
        return 0;
    if (packet->version >> 4 != 4 || packet->protocol != 17)
        return 0;
    if (packet->fragment & __builtin_bswap16(0x3fff))
        return 0;
    return udp[1] == __builtin_bswap16(53);
}
