# keep.sh COMMAND...: runs a command and ends it when told to (SIGTERM) or when whoever started us is gone, however it
# went: our standard input is a pipe from there and is closed then. Started in a session of its own, so that Ctrl-C
# does not reach the command: the demo ends its parts one after the other, the gateway while the others still serve it.
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -TERM "$child") >/dev/null 2>&1 &
watch=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
wait "$child"
code=$?
# A trap breaks off `wait`; the command may still be ending.
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
kill "$watch" 2>/dev/null
exit "$code"
