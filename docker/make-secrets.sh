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

# A key of the API: `cpk_`, 43 characters that are drawn, and the CRC-32 of them, which gzip writes at its end, in base 62.
api_key() {
  if [ ! -s "$1" ]; then
    drawn=$(head -c 4096 /dev/urandom | LC_ALL=C tr -dc '0-9A-Za-z' | head -c 43)
    rest=$(printf %s "$drawn" | gzip -c | tail -c 8 | od -An -N4 -tu4 --endian=little | tr -d ' ')
    sum=
    for _ in 1 2 3 4 5 6; do
      sum=$(printf %s 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz | cut -c $((rest % 62 + 1)))$sum
      rest=$((rest / 62))
    done
    printf 'cpk_%s%s\n' "$drawn" "$sum" > "$1.new"
    mv "$1.new" "$1"
  fi
  cat "$1"
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
for reader in migrate wallet wallet-api; do put $reader/WALLET_DATABASE_URLS "$wallet/wallet_0$plain,$wallet/wallet_1$plain"; done
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
for reader in api wallet wallet-api transfer; do put $reader/INTERNAL_KEYS "$(cat migrate/INTERNAL_KEYS)"; done
for reader in api wallet transfer $orders; do put $reader/PAYLOAD_KEYS "$(cat migrate/PAYLOAD_KEYS)"; done
for reader in migrate events; do put $reader/OUTBOX_DATABASE_URLS "$outboxes,access=$events/access$plain"; done

put migrate/ACCESS_ADMIN_DATABASE_URL "$administrator/access$plain"
access="postgres://access_service:$(password migrate/access_password)@$server/access$plain"
for reader in migrate api wallet-api; do put $reader/ACCESS_DATABASE_URL "$access"; done
# Who wants other keys puts them here, and migrates.
for reader in migrate root; do put $reader/ROOT_API_KEY "$(api_key migrate/root_key)"; done
for reader in migrate order; do put $reader/ORDER_API_KEY "$(api_key migrate/order_key)"; done
for reader in migrate api; do put $reader/WALLET_API_KEY "$(api_key migrate/wallet_api_key)"; done

# 999 is postgres in its image; 1000 is node in the services' and temporal in the Temporal server's.
for directory in postgres temporal migrate api wallet wallet-api transfer events root $orders; do
  chmod 0550 "$directory"
  chmod 0440 "$directory"/*
  [ "$(id -u)" = 0 ] || continue
  case "$directory" in
    postgres | temporal) chown -R 999:1000 "$directory" ;;
    *) chown -R 1000:1000 "$directory" ;;
  esac
done
