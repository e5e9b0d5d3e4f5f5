/* root.c - root blocks are stamped, and their stamps are looked at */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/root.h"
#include "libexos/edge/string.h"

static uint64_t root_sum(const uint8_t *payload, uint64_t id, uint64_t sequence) {
    uint64_t sum = id ^ sequence, word;

    for (uint32_t i = 0; i < VOLUME_PAYLOAD; i += sizeof(word)) {
        memcpy(&word, payload + i, sizeof(word));
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 32;
    }
    return sum;
}

void volume_root_seal(struct volume_root *root, const uint8_t *payload, uint64_t id,
                      uint64_t sequence) {
    uint64_t sum = root_sum(payload, id, sequence);

    for (uint32_t i = 0; i < VOLUME_SECTORS; i++) {
        memcpy(root->sector[i].payload, payload + i * VOLUME_SECTOR_PAYLOAD, VOLUME_SECTOR_PAYLOAD);
        root->sector[i].sequence = sequence;
        root->sector[i].sum = sum;
    }
}

uint64_t volume_root_open(const struct volume_root *root, uint8_t *payload, uint64_t id) {
    uint64_t sequence = root->sector[0].sequence, sum = root->sector[0].sum;

    for (uint32_t i = 0; i < VOLUME_SECTORS; i++) {
        if (root->sector[i].sequence != sequence || root->sector[i].sum != sum)
            return 0;
        memcpy(payload + i * VOLUME_SECTOR_PAYLOAD, root->sector[i].payload, VOLUME_SECTOR_PAYLOAD);
    }
    return sequence < VOLUME_SEQUENCE_END && sum == root_sum(payload, id, sequence) ? sequence : 0;
}
