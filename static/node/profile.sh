# shellcheck shell=sh
# docklet: the prompt of an interactive shell names the virtual cluster.
case $- in
*i*)
  if [ -r /run/docklet/vcluster ] && IFS= read -r DOCKLET_VCLUSTER </run/docklet/vcluster; then
    export DOCKLET_VCLUSTER
    PS1="[$DOCKLET_VCLUSTER] "'\u@\h:\w\$ '
  fi
  ;;
esac
