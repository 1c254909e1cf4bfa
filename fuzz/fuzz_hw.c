/* Any bytes as a hardware file: no crash, one line of message, and what loads comes back
 * the same from hw_to_yaml(). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hw/hw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct hw hw, again;
  struct error err = ERROR_INIT;
  if (hw_load_memory(&hw, data, size, "fuzz", &err) != 0) {
    if (err.kind == ERROR_NONE || strlen(err.message) == 0 || strchr(err.message, '\n') != NULL) abort();
    return 0;
  }
  char *yaml = hw_to_yaml(&hw);
  if (yaml == NULL || hw_load_memory(&again, yaml, strlen(yaml), "written", &err) != 0) abort();
  char *yaml_again = hw_to_yaml(&again);
  if (yaml_again == NULL || strcmp(yaml, yaml_again) != 0) abort();
  free(yaml);
  free(yaml_again);
  return 0;
}
