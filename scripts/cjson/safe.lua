-- cjson/safe.lua: lua-cjson that returns nil and a message instead of raising.
local function safe(fn)
  return function(value)
    local ok, result = pcall(fn, value)
    if ok then return result end
    return nil, result
  end
end

return { decode = safe(cjson.decode), encode = safe(cjson.encode), null = cjson.null }
