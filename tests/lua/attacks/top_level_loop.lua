-- expect: limit: the script computed too long
while true do end
