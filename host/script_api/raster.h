/* raster.h - pictures for exports: an SVG as PNG, drawn by rsvg-convert where that is installed. Pool threads only: it blocks. */
#pragma once
#include <lua.h>

/* png(svg) -> the bytes, or nil and the reason in words (no rsvg-convert, no font with these letters, it failed). The same SVG gives
 * the same bytes on a computer with the same rsvg-convert and fonts. Raises on memory and on an argument that is no string. */
int raster_png(lua_State *L);
