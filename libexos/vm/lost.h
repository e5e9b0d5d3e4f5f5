/* lost.h - frames taken by force are forgotten before the kernel's next ones are used */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_LOST_H
#define LIBEXOS_VM_LOST_H
#include <stdint.h>
#include "libexos/vm/vm.h"

/* Frames have come from the kernel, and are named nowhere yet (null: the program brought them):
 * forgets what was taken since the last time, for one of them may be among it. With the lock held.
 * Nothing to do as long as nothing was taken; else it goes through all pages. */
void lost_forget(const uint64_t *fresh, uint64_t count);
/* Stores whose frames are looked through too. */
void lost_watch(struct vm_ram *ram);
void lost_unwatch(struct vm_ram *ram);
#endif
