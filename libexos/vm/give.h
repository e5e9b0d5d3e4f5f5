/* give.h - registers vm as a giver of frames */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_GIVE_H
#define LIBEXOS_VM_GIVE_H
void vm_give_init(void);
#endif
