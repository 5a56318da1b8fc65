#!/usr/bin/env bash
# A SLURM of one node on this machine, for tests/config/test_slurm.py: as root, on loopback, without systemd and cgroups.
#   slurm_up.sh up FOLDER PORT     start munged, slurmctld and slurmd (ports PORT and PORT + 1); wait until the node is idle
#   slurm_up.sh down FOLDER        stop exactly the processes that `up` started
# FOLDER holds everything that they write; SLURM_CONF=FOLDER/slurm.conf is what sbatch, squeue and scontrol need, and submitit
# needs the stand-in for sacct in FOLDER/bin.
# Needs: apt-get install -y --no-install-recommends slurm-wlm munge
set -uo pipefail
folder=$2
export SLURM_CONF=$folder/slurm.conf
host=$(hostname -s)

up() {
  local port=$1 cpus
  cpus=$(nproc --all)  # without --all it is OMP_NUM_THREADS
  mkdir -p "$folder"/{state,spool,log,run,bin} && chmod 755 "$folder" "$folder"/*
  cat > "$SLURM_CONF" <<CONF
ClusterName=sandbox
SlurmctldHost=$host(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.sock
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=5,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobRequeue=1
KillWait=1
MinJobAge=600
InactiveLimit=0
NodeName=$host NodeAddr=127.0.0.1 NodeHostname=$host CPUs=$cpus CoresPerSocket=$cpus Sockets=1 ThreadsPerCore=1 RealMemory=4000
PartitionName=debug Nodes=$host Default=YES MaxTime=60 PreemptMode=REQUEUE State=UP
CONF
  # sacct, by which submitit learns that a job was killed, needs a database; squeue still knows the jobs of the last minutes.
  printf '#!/bin/sh\necho "JobID|State|NodeList"\nexec squeue -h -r -t all -o "%%i|%%T|%%N"\n' > "$folder/bin/sacct"
  chmod 755 "$folder/bin/sacct"
  (umask 077 && head -c 1024 /dev/urandom > "$folder/run/munge.key")
  munged --force --key-file="$folder/run/munge.key" --socket="$folder/run/munge.sock" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/run/munge.seed" || return 1
  slurmctld -f "$SLURM_CONF" && slurmd -c -f "$SLURM_CONF" -N "$host" || return 1
  for _ in $(seq 30); do
    [ "$(sinfo -h -o %T)" = idle ] && return 0
    sleep 1
  done
  return 1
}

down() {
  local file pid
  for program in slurmd slurmctld munged; do  # in this order: each needs the next
    file=$folder/run/$program.pid
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null
    for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null || break; sleep 0.5; done
    kill -9 "$pid" 2>/dev/null
  done
  return 0
}

PATH=$PATH:/usr/sbin
case $1 in
  up) up "$3" ;;
  down) down ;;
  *) echo "usage: slurm_up.sh up FOLDER PORT | down FOLDER" >&2; exit 2 ;;
esac
