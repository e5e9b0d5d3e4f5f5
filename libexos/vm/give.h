/* give.h - registers vm as a giver of frames */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_GIVE_H
#define LIBEXOS_VM_GIVE_H
#include <stdint.h>
void vm_give_init(void);
/* Frames that were asked for while another environment held the lock; whoever unlocks gives them.
 */
extern uint32_t give_owed;
struct exo_uarea;
void give_late(struct exo_uarea *uarea);
/* So many went whose pages had to be written first: with the lock held. */
void give_left(uint32_t frames);
#endif
