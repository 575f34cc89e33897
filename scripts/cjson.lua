-- cjson.lua: `require "cjson"` for scripts that expect lua-cjson. New scripts use the table json, which keeps integers and empty arrays.
return cjson
