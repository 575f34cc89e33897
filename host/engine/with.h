/* with.h - what `--with scripts,models=writer` says of models. Any thread. */
#pragma once
#include <stdbool.h>

/* Are the models of `role` to be looked at anew? "models" means all roles, "models=ROLE" one; both may stand there, and several. */
bool with_models_of(const char *with, const char *role);
