/* Steady state: once the rows of a group repeat, whole periods are skipped.
 *
 * The walk is a deterministic function of its counters (rows computed per line, rows taken
 * per streamed use). At two turns of one loop, everything between them is a list of
 * decisions: is the last needed row present, does a row die, which output comes next.
 * If every counter that moves is moved on by its own step once more, and all the windows
 * behind those decisions lie where their borders do not show, then each decision comes
 * out as before and the next period is the last one shifted: occupied bytes change by the
 * same amount at each of its steps. steady_turn() works out for how many periods that
 * holds and skips all but the last. The last one is walked, so the peak is always seen:
 * occupied bytes grow or fall by the same amount in each period, hence no skipped one
 * exceeds both the period before them and the one after. A period of an outer loop may
 * hold skipped ones of an inner loop: they too come again as before. */
#ifndef SPILLWAY_SIM_STEADY_H
#define SPILLWAY_SIM_STEADY_H

#include "sim/walk.h"

enum { STEADY_PICK_ITEMS = 1 << 14 }; /* room of struct walk_picks */

/* To be called when a target is picked; output is its number in walk->outputs. */
void steady_pick(struct walk *walk, uint32_t output);

/* To be called after each turn of a loop. item and upto say which loop it is; left is an
 * upper bound of the turns still to come. */
void steady_turn(struct walk *walk, enum walk_loop loop, uint32_t item, uint32_t upto, int64_t left);

#endif
