#!/bin/sh
# Makes the passwords of docker-compose.yml once, and the URLs that hold them, in a volume for each who needs them, so
# that none is in the repository, in an environment or in an image. A repeat changes nothing; who keeps secrets elsewhere
# puts files of the same names there instead.
set -eu
cd "${1:-/secrets}"
umask 077

password() {
  if [ ! -s "$1" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$1.new"
    mv "$1.new" "$1"
  fi
  cat "$1"
}

put() {
  printf '%s\n' "$2" > "$1.new"
  mv "$1.new" "$1"
}

server=postgres:5432
# The network of the compose file is its own. A database elsewhere needs sslmode=verify-full.
plain='?sslmode=disable'
administrator="postgres://postgres:$(password postgres/password)@$server"
wallet="postgres://wallet_service:$(password migrate/wallet_password)@$server"
transfer="postgres://transfer_service:$(password migrate/transfer_password)@$server"
events="postgres://events_service:$(password migrate/events_password)@$server"
orders='order inventory delivery accounting'
password temporal/password > /dev/null

put migrate/WALLET_ADMIN_DATABASE_URLS "$administrator/wallet_0$plain,$administrator/wallet_1$plain"
put migrate/TRANSFER_ADMIN_DATABASE_URL "$administrator/transfer$plain"
put migrate/EVENTS_ADMIN_DATABASE_URL "$administrator/events$plain"
for reader in migrate wallet; do put $reader/WALLET_DATABASE_URLS "$wallet/wallet_0$plain,$wallet/wallet_1$plain"; done
for reader in migrate api transfer; do put $reader/TRANSFER_DATABASE_URL "$transfer/transfer$plain"; done
for reader in migrate api events; do put $reader/EVENTS_DATABASE_URL "$events/events$plain"; done
outboxes="transfer=$events/transfer$plain,wallet-0=$events/wallet_0$plain,wallet-1=$events/wallet_1$plain,events=$events/events$plain"
for service in $orders; do
  name=$(echo "$service" | tr a-z A-Z)
  put migrate/"$name"_ADMIN_DATABASE_URL "$administrator/$service$plain"
  url="postgres://${service}_service:$(password migrate/"$service"_password)@$server/$service$plain"
  for reader in migrate api "$service"; do put "$reader/${name}_DATABASE_URL" "$url"; done
  outboxes="$outboxes,$service=$events/$service$plain"
done
# Who rotates the key puts a line with a new one before the others in this file; the services read it at their start.
[ -s migrate/webhook_keys ] || put migrate/webhook_keys "first:$(head -c 32 /dev/urandom | base64)"
for reader in api events; do put $reader/WEBHOOK_KEYS "$(cat migrate/webhook_keys)"; done
# The keys of what Temporal keeps. A new one is put behind the others first, and before them once every service has been started anew.
[ -s migrate/PAYLOAD_KEYS ] || put migrate/PAYLOAD_KEYS "first:$(head -c 32 /dev/urandom | base64)"
# By which the APIs and the workers that ask them know each other.
[ -s migrate/INTERNAL_KEYS ] || put migrate/INTERNAL_KEYS "first:$(head -c 32 /dev/urandom | base64)"
for reader in api wallet transfer; do put $reader/INTERNAL_KEYS "$(cat migrate/INTERNAL_KEYS)"; done
for reader in api wallet transfer $orders; do put $reader/PAYLOAD_KEYS "$(cat migrate/PAYLOAD_KEYS)"; done
for reader in migrate events; do put $reader/OUTBOX_DATABASE_URLS "$outboxes"; done

# 999 is postgres in its image; 1000 is node in the services' and temporal in the Temporal server's.
for directory in postgres temporal migrate api wallet transfer events $orders; do
  chmod 0550 "$directory"
  chmod 0440 "$directory"/*
  [ "$(id -u)" = 0 ] || continue
  case "$directory" in
    postgres | temporal) chown -R 999:1000 "$directory" ;;
    *) chown -R 1000:1000 "$directory" ;;
  esac
done
