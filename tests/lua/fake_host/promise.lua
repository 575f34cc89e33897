-- luacheck: std lua54
-- fake_host/promise.lua: a test case is a promise and a function that breaks it by raising. Prints one line each.
local promise = { broken = 0 }

function promise.holds(words, fn)
  local ok, err = xpcall(fn, function(e) return type(e) == "string" and debug.traceback(e, 2) or tostring(e) end)
  print((ok and "ok - " or "not ok - ") .. words)
  if not ok then
    promise.broken = promise.broken + 1
    io.stderr:write("  " .. tostring(err):gsub("\n", "\n  ") .. "\n")
  end
end

function promise.equal(got, wanted, what)
  if got ~= wanted then error(string.format("%s: got %s, wanted %s", what or "value", tostring(got), tostring(wanted)), 2) end
end

--- Raises unless fn raises something that contains `words`.
function promise.raises(words, fn)
  local ok, err = pcall(fn)
  if ok then error("no error where \"" .. words .. "\" was expected", 2) end
  local message = type(err) == "table" and err.message or tostring(err)
  if not message:find(words, 1, true) then error("another error: " .. message, 2) end
end

function promise.done() os.exit(promise.broken == 0) end

return promise
