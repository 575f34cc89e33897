/* project.h - projects and their documents as JSON. Any thread. */
#pragma once
#include <jansson.h>
#include "store/artifacts.h"
#include "store/projects.h"

json_t *view_project(const struct project_row *p);
/* One version of a document, without its content. */
json_t *view_artifact(const struct artifact_row *r);
