/* uthash as src/sim uses it: without memory an added entry has hh.tbl == NULL (the default
 * ends the process), and keys are hashed by XXH3. Internal to src/sim. */
#ifndef SPILLWAY_SIM_HASH_H
#define SPILLWAY_SIM_HASH_H

#include <xxhash.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, hash) ((hash) = (unsigned)XXH3_64bits((key), (length)))
#include <uthash.h>

#endif
