-- HAProxy has no auth_request of its own; this is one: `http-request lua.authbroker` asks authbroker about the Basic credentials of a
-- request, and leaves what it heard in variables of the transaction:
--
--   authbroker_status    200 let it in, 401 ask for name and password, 503 nobody can tell now. Nothing else.
--   authbroker_identity  with 200: the canonical address of who it is
--   authbroker_retry     with 503: seconds
--
-- Where this goes: /etc/haproxy/authbroker.lua, named by lua-load in haproxy.cfg. HAProxy 2.4 or later with Lua, as Debian's is.

local address, port = "127.0.0.1", 8089
local seconds = 15 -- longer than the broker takes at most (request_timeout, 8 s)

-- Read at start, as root and outside of the chroot: root:root, mode 0600, one line.
local file = assert(io.open("/etc/haproxy/authbroker.token"))
local token = assert(file:read("l"))
file:close()

local function ask(txn)
  local given = txn.http:req_get_headers()["authorization"]
  if given ~= nil and given[1] ~= nil then return "" end -- two of them: whose would count?
  local lines = { "GET /v1/auth HTTP/1.0", "Host: localhost", "X-Authbroker-Token: " .. token, "X-Real-IP: " .. txn.f:src() }
  if given ~= nil then lines[#lines + 1] = "Authorization: " .. given[0] end
  local socket = core.tcp()
  socket:settimeout(seconds)
  local reply
  if socket:connect(address, port) and socket:send(table.concat(lines, "\r\n") .. "\r\n\r\n") then reply = socket:receive("*a") end
  socket:close()
  return reply or ""
end

core.register_action("authbroker", { "http-req" }, function(txn)
  txn:set_var("txn.authbroker_status", 503) -- until something else has been heard, completely
  txn:set_var("txn.authbroker_retry", 10)
  local reply = ask(txn)
  local status = reply:match("^HTTP/1%.[01] (%d%d%d) ")
  local head = reply:match("^(.-\r\n)\r\n")
  if head == nil then return end
  if status == "200" then
    local identity = head:match("\r\nX%-Auth%-Identity: ([^\r\n]+)\r\n")
    if identity == nil then return end
    txn:set_var("txn.authbroker_identity", identity)
    txn:set_var("txn.authbroker_status", 200)
  elseif status == "401" then
    txn:set_var("txn.authbroker_status", 401)
  elseif status == "503" then
    txn:set_var("txn.authbroker_retry", tonumber(head:match("\r\nRetry%-After: (%d+)\r\n")) or 10)
  end
end, 0)
