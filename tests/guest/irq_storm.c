/* irq_storm.c - a device line that fires without end costs its owner's time; others keep their
 * slots */
/* SPDX-License-Identifier: MIT */
/* bootargs: device=rtc@101000 */
#include "tests/guest/bystander.h"
#include "tests/guest/census.h"

/* The clock's registers: an alarm in the past raises its line at once, a clear lowers it. */
enum { RTC_ALARM_LOW = 8, RTC_ALARM_HIGH = 12, RTC_ENABLE = 16, RTC_CLEAR = 28 };
enum { RTC_PAGE = 0x101, LINE = 0, ACKS };

INLINE void rtc_write(uint64_t registers, uint64_t offset, uint32_t value) {
    *(volatile uint32_t *)(registers + offset) = value;
    fence();
}

/* Raises the line anew, and unmasks it at once, each time. */
static CHILD void storm(volatile struct exo_uarea *u, volatile uint64_t *data) {
    rtc_write(CHILD_FREE, RTC_ENABLE, 1);
    rtc_write(CHILD_FREE, RTC_ALARM_HIGH, 0);
    for (;;) {
        rtc_write(CHILD_FREE, RTC_CLEAR, 1);
        rtc_write(CHILD_FREE, RTC_ALARM_LOW, 1);
        data[ACKS] += call(IRQ_BIND, data[LINE], u->env, 1) == 0;
    }
}

int main(void) {
    struct census before;
    struct child driver;
    uint64_t line = 0, registers = 0, fired;
    volatile void *page;

    open_test();
    for (uint64_t i = 1; i < window.facts->line_table.count; i++)
        if (window.lines[i].domain == my_domain_slot())
            line = i;
    for (uint64_t i = 0; i < EXO_WINDOWS; i++)
        if (window.facts->window[i].page == RTC_PAGE)
            registers = window.facts->window[i].frame;
    must(line && registers);
    census_take(&before);
    child_make(&driver, storm);
    bystander_start();
    must(call(DOMAIN_GRANT, driver.domain, EXO_IRQS, 1) == 0);
    must(call(IRQ_GRANT, line, driver.domain) == 0);
    must(call(IRQ_BIND, line, driver.env, 1) == 0);
    must(call(HOLD_SHARE, 0, driver.domain, &registers, 1, EXO_R | EXO_W) == 1);
    must(call(VSPACE_BIND, driver.vspace, CHILD_FREE, registers, EXO_R | EXO_W) == 0);
    driver.data[LINE] = line;
    fired = window.lines[line].count;
    child_start(&driver, 0, 8);
    ok(data_wait(&driver, ACKS, 0, 400), "the storm rages");
    bystander_check();
    fired = window.lines[line].count - fired;
    note("%lu interrupts, %lu acks", fired, driver.data[ACKS]);
    ok(fired > 20, "and fires without end");
    /* Its owner dies in the middle of it: the line stays masked. */
    slots_back();
    child_end(&driver);
    fired = window.lines[line].count;
    page = see(registers, EXO_R | EXO_W);
    for (int i = 0; i < 100; i++) {
        rtc_write((uint64_t)page, RTC_CLEAR, 1);
        rtc_write((uint64_t)page, RTC_ALARM_LOW, 1);
    }
    nap(window.facts->slot_ticks * 16);
    ok(window.lines[line].count <= fired + 1 && window.lines[line].masked,
       "with its owner dead the line is silent");
    rtc_write((uint64_t)page, RTC_ENABLE, 0);
    rtc_write((uint64_t)page, RTC_CLEAR, 1);
    unsee(page);
    child_end(&bystander.child);
    census_same(&before);
    return done();
}
