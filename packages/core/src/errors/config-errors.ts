/** Error codes of configuration, rule files and command lines; see catalogue.ts. */
export const CONFIG_ERRORS = {
  CONFIG_UNREADABLE: {
    retry: 'no',
    text: 'The file cannot be read',
    fix: 'Check that the path exists and that this user may read it',
  },
  CONFIG_SYNTAX: {
    retry: 'no',
    text: 'The file is not valid YAML or JSON',
    fix: 'Correct it at the line and column shown',
  },
  CONFIG_INVALID: {
    retry: 'no',
    text: 'The configuration does not fit its schema',
    fix: 'Correct the field shown; unknown fields are refused so that a typing error cannot switch a rule off',
  },
  CONFIG_ADAPTER_UNKNOWN: {
    retry: 'no',
    text: 'The adapter module cannot be found or does not export an adapter',
    fix: 'Install the package named by use: or correct its name',
  },
  CONFIG_USAGE: {
    retry: 'no',
    text: 'The command line cannot be understood',
    fix: 'Run the command with --help',
  },
  CONFIG_NOT_RUNNING: {
    retry: 'later',
    text: 'No running member answers in this data folder',
    fix: 'Start it with interhosp start',
  },
  CONFIG_TOKEN_REFUSED: {
    retry: 'no',
    text: 'The running member does not take the token of this data folder',
    fix: 'Run the command again; if it stays so, another program answers there: start the member anew with interhosp start',
  },
  CONFIG_HOST_REFUSED: {
    retry: 'no',
    text: 'The admin interface was asked under a name that is not of this machine',
    fix: 'Run the command on the machine of the member, with no proxy between; admin.host is 127.0.0.1 or ::1',
  },
  CONFIG_EXISTS: {
    retry: 'no',
    text: 'The folder already holds a member',
    fix: 'Choose another folder; an identity is never overwritten',
  },
  CONFIG_OVERWRITES: {
    retry: 'no',
    text: 'Something else is there already, and would be written over or stand among what is written',
    fix: 'Name a new file or an empty or new folder to write to; originals are never changed',
  },
  CONFIG_NO_STUDIES: {
    retry: 'no',
    text: 'There is no study on which the rules were tried',
    fix: 'Name past studies with --study, as DICOM files or folders of them; an approval is of what the rules would do with studies',
  },
  CONFIG_KEY_EXPOSED: {
    retry: 'no',
    text: 'A key file may be read by other users',
    fix: 'Run chmod 600 on it, and rotate the key if others had access',
  },
  CONFIG_PASSPHRASE: {
    retry: 'no',
    text: 'The key file does not open with this passphrase',
    fix: 'Check the passphrase file named in the configuration',
  },
} as const;
