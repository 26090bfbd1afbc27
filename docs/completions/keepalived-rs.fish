# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_keepalived_rs_global_optspecs
    string join \n f/use-file= P/vrrp C/check B/no_bfd all l/log-console D/log-detail S/log-facility= G/no-syslog u/umask= X/release-vips V/dont-release-vrrp I/dont-release-ipvs R/dont-respawn n/dont-fork d/dump-conf p/pid= r/vrrp_pid= T/genhash c/checkers_pid= a/address-monitoring b/bfd_pid= x/snmp A/snmp-agent-socket= s/namespace= m/core-dump M/core-dump-pattern= e/all-config i/config-id= ignore-sigint signum= t/config-test= diagnostics= v/version h/help config-fd= g/log-file=
end

function __fish_keepalived_rs_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_keepalived_rs_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_keepalived_rs_using_subcommand
    set -l cmd (__fish_keepalived_rs_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s f -l use-file -d 'Use the specified configuration file' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s S -l log-facility -d 'Syslog facility: local0 to local7, user or daemon (default)' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s u -l umask -d 'File creation mask, as a number' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s p -l pid -d 'Pid file of the daemon' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s r -l vrrp_pid -d 'Pid file of the VRRP part' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s c -l checkers_pid -d 'Pid file of the health checkers' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s b -l bfd_pid -d 'Accepted, without effect: BFD is part of the VRRP thread' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s A -l snmp-agent-socket -d 'Address of the SNMP master agent (no effect yet)' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s s -l namespace -d 'Run in this network namespace (goes before net_namespace)' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s M -l core-dump-pattern -d 'Also write PATN to kernel.core_pattern (default \'core\'), until the stop' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s i -l config-id -d 'Read @ID lines for this id, and not @^ID lines; default: the node name' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -l signum -d 'Print the number of the signal for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s t -l config-test -d 'Check the configuration; findings go to standard error or to this file' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -l diagnostics -d 'How findings are shown: full (default on a terminal), line or json' -r -f -a "full\t'With the lines they are about'
line\t'One line each, as in the log'
json\t'One JSON object each, on a line of its own'"
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -l config-fd -d 'Descriptor with the configuration, for the original\'s own use' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s g -l log-file -d 'File for the log in builds that have it' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s P -l vrrp -d 'Run only the VRRP part'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s C -l check -d 'Run only the health checkers'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s B -l no_bfd -d 'Don\'t run the BFD part'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -l all -d 'Run every part, even one without configuration'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s l -l log-console -d 'Write log lines to the terminal as well'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s D -l log-detail -d 'Write detailed log lines'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s G -l no-syslog -d 'Write nothing to syslog or the journal'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s X -l release-vips -d 'Remove addresses on leaving MASTER even if they are not known to be set'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s V -l dont-release-vrrp -d 'Leave addresses and routes in place on stop'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s I -l dont-release-ipvs -d 'Leave the IPVS table in place on stop'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s R -l dont-respawn -d 'Accepted; the daemon always stops when a part fails'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s n -l dont-fork -d 'Stay in the foreground'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s d -l dump-conf -d 'Write the effective configuration to the log, with -t to standard output'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s T -l genhash -d 'Act as genhash with the options that follow'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s a -l address-monitoring -d 'Report every address that netlink adds or removes'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s x -l snmp -d 'Offer the state to an SNMP agent (no effect yet)'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s m -l core-dump -d 'Leave a core file on a crash'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s e -l all-config -d 'A missing configuration file is an error (as with includea)'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -l ignore-sigint -d 'SIGINT does not stop the daemon'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s v -l version -d 'Print the version'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -s h -l help -d 'Print this text'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -f -a "check" -d 'Check a configuration more strictly than -t does'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -f -a "genhash" -d 'Print the digest of a page, for HTTP_GET and SSL_GET'
complete -c keepalived-rs -n "__fish_keepalived_rs_needs_command" -f -a "explain" -d 'Explain a keyword of the configuration, or the code of a finding'
complete -c keepalived-rs -n "__fish_keepalived_rs_using_subcommand check" -l peer -d 'The configuration of the other router, to compare with' -r -F
complete -c keepalived-rs -n "__fish_keepalived_rs_using_subcommand check" -s i -l config-id -d 'Read @ID lines for this id' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_using_subcommand check" -l peer-id -d 'The same for the other router\'s file' -r
complete -c keepalived-rs -n "__fish_keepalived_rs_using_subcommand check" -l diagnostics -d 'How findings are shown; by default full on a terminal, else line' -r -f -a "full\t'With the lines they are about'
line\t'One line each, as in the log'
json\t'One JSON object each, on a line of its own'"
complete -c keepalived-rs -n "__fish_keepalived_rs_using_subcommand check" -l strict -d 'Exit with 1 when anything was found'
